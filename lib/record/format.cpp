// SPDX-License-Identifier: Apache-2.0
#include "record/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace wiretape::record {
namespace {

struct Suffix {
  std::string_view text;
  FileRole role;
};
constexpr std::array suffixes = {
    Suffix{".pcap", FileRole::packets},           Suffix{".calls.ndjson", FileRole::calls},
    Suffix{".streams.ndjson", FileRole::streams}, Suffix{".runs", FileRole::unfinished},
    Suffix{".runs2", FileRole::unfinished},       Suffix{".sorted", FileRole::unfinished},
};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}

}  // namespace

std::optional<FileName> parse_file_name(std::string_view name) {
  if (name == manifest_file) return FileName{.segment = 0, .role = FileRole::manifest};
  if (name == std::string(manifest_file) + std::string(unfinished_suffix)) {
    return FileName{.segment = 0, .role = FileRole::unfinished};
  }
  const std::size_t dot = std::min(name.find('.'), name.size());
  const std::string_view digits = name.substr(0, dot);
  if (digits.size() < 6 || digits.size() > 9 || !all_digits(digits)) return std::nullopt;
  std::uint32_t segment = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), segment);
  // One number has one name: 0000001.pcap is not ours.
  if (segment == 0 || (digits.size() > 6 && digits.front() == '0')) return std::nullopt;
  for (const Suffix& suffix : suffixes) {
    if (name.substr(dot) == suffix.text) return FileName{.segment = segment, .role = suffix.role};
  }
  return std::nullopt;
}

std::string file_name(std::uint32_t segment, FileRole role) {
  const auto* const found =
      std::find_if(suffixes.begin(), suffixes.end(), [&](const Suffix& suffix) { return suffix.role == role; });
  return fmt::format("{:06}{}", segment, found->text);
}

bool is_iteration_name(std::string_view name) {
  constexpr std::string_view shape = "00000000T000000Z";
  if (name.size() < shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == '0' ? !is_digit(name[i]) : name[i] != shape[i]) return false;
  }
  const std::string_view count = name.substr(shape.size());
  if (count.empty()) return true;
  if (count.size() < 2 || count.size() > 10 || count.front() != '-' || !all_digits(count.substr(1))) return false;
  return count[1] != '0' && count != "-1";
}

bool is_recording_file(std::string_view name) {
  constexpr std::array ours = {recording_file, lock_file, reserve_file, stop_file, log_file};
  if (std::find(ours.begin(), ours.end(), name) != ours.end()) return true;
  return name == std::string(recording_file) + std::string(unfinished_suffix);
}

}  // namespace wiretape::record
