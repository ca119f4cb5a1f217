// SPDX-License-Identifier: Apache-2.0
#include "proto/http/body.hpp"

#include <algorithm>

#include "json/writer.hpp"
#include "proto/graphql/request.hpp"

namespace wiretape::http {
namespace {

// Packed bytes held before they are unpacked as they come.
constexpr std::size_t most_packed = 1U << 20U;

// Bytes in which a GraphQL request has said what it is: what stands before its names is its document at most.
constexpr std::size_t most_looked_at = 64U << 10U;

// What a message that waits to be used again may hold on to.
constexpr std::size_t most_idle = 64U << 10U;

void renew(std::string& text) {
  if (text.capacity() > most_idle) text = {};
  text.clear();
}

// A text that was cut in the middle of a character loses the rest of it: what is left is text still.
std::string_view without_broken_end(std::string_view text) {
  constexpr std::size_t longest_rest = 3;
  const std::string_view end = text.substr(text.size() - std::min(text.size(), longest_rest));
  for (std::size_t i = end.size(); i-- > 0;) {
    const auto byte = static_cast<unsigned char>(end[i]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t rest = end.size() - i;
    if (byte >= 0xC0 && !json::is_utf8(end.substr(i))) text.remove_suffix(rest);
    break;
  }
  return text;
}

}  // namespace

Body::Body() = default;
Body::~Body() = default;

void Body::begin(const Codings& codings, std::size_t limit) {
  renew(bytes_);
  unpacker_.reset();
  renew(unpacked_.text);
  is_unpacked_ = false;
  codings_ = codings;
  limit_ = limit_unwatched_ = limit;
  packed_size_ = 0;
  watched_ = Watched::not_at_all;
  wanted_ = keeping_ = complete_ = true;
}

void Body::watch(Watched watched) {
  watched_ = watched;
  limit_ = std::max(limit_, most_looked_at);
}

void Body::stop_watching() {
  if (watched_ == Watched::not_at_all) return;
  watched_ = Watched::not_at_all;
  limit_ = limit_unwatched_;
  if (!wanted_) return let_go();
  if (unpacked_.text.size() > limit_) {
    unpacked_.text.resize(limit_);
    unpacked_.cut = true;
  }
  if (!packed() && bytes_.size() > limit_) {
    bytes_.resize(limit_);
    complete_ = keeping_ = false;
  }
}

void Body::let_go() {
  // A request may wait long for its answer.
  constexpr std::size_t most_waiting = 16U << 10U;
  if (bytes_.capacity() > most_waiting) bytes_ = {};
  bytes_.clear();
  unpacker_.reset();
  unpacked_ = {};
  keeping_ = false;
  complete_ = packed_size_ == 0;
}

void Body::append(Bytes bytes) {
  add(bytes);
  if (watched_ == Watched::json && !packed()) look_again();
}

// What is packed is looked at when it is whole.
void Body::look_again() {
  constexpr std::size_t most_blanks = 256;
  const std::size_t begin = bytes_.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos && bytes_.size() < most_blanks) return;
  const bool begins_well = begin != std::string::npos && (bytes_[begin] == '{' || bytes_[begin] == '[');
  if (begins_well && bytes_.size() < most_looked_at) return;
  if (begins_well && graphql::has_telling_name(bytes_)) {
    watched_ = Watched::text;
  } else {
    stop_watching();
  }
}

void Body::add(Bytes bytes) {
  packed_size_ += bytes.size();
  if (!keeping_) {
    complete_ = complete_ && bytes.empty();
    return;
  }
  if (unpacker_ != nullptr) return unpacker_->feed(bytes);

  const std::size_t most = packed() ? std::min(limit_, most_packed) : limit_;
  if (bytes.size() <= most - bytes_.size()) {
    bytes_ += bytes;
    return;
  }
  if (!packed()) {
    bytes_ += bytes.substr(0, most - bytes_.size());
    complete_ = keeping_ = false;
    return;
  }
  unpacker_ = std::make_unique<Unpacker>(codings_, limit_, unpacked_);
  is_unpacked_ = true;
  unpacker_->feed(bytes_);
  unpacker_->feed(bytes);
}

void Body::gap(std::uint64_t missing) {
  packed_size_ += missing;
  keeping_ = complete_ = false;
}

const Unpacked* Body::unpacked() const {
  if (!packed() || (bytes_.empty() && unpacker_ == nullptr)) return nullptr;
  if (!is_unpacked_) unpack_whole(codings_, bytes_, limit_, unpacked_);
  is_unpacked_ = true;
  return unpacked_.broken && unpacked_.size == 0 ? nullptr : &unpacked_;
}

std::string_view Body::text() const {
  const Unpacked* result = unpacked();
  const std::string_view text = result != nullptr ? std::string_view(result->text) : std::string_view(bytes_);
  return cut() ? without_broken_end(text) : text;
}

std::uint64_t Body::size() const {
  const Unpacked* result = unpacked();
  return result != nullptr ? result->size : packed_size_;
}

bool Body::cut() const {
  const Unpacked* result = unpacked();
  return !complete_ || (result != nullptr ? result->cut : bytes_.size() < packed_size_);
}

}  // namespace wiretape::http
