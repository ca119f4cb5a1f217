// SPDX-License-Identifier: Apache-2.0
#include "engine/words.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <type_traits>

namespace wiretape::engine {
namespace {

constexpr std::size_t longest_message = 1U << 16U;
constexpr std::size_t most_descriptors = 2;

// Texts with zero bytes between them.
std::string_view take_text(std::string_view& from) {
  const std::size_t end = std::min(from.find('\0'), from.size());
  const std::string_view text = from.substr(0, end);
  from.remove_prefix(std::min(end + 1, from.size()));
  return text;
}

char take_letter(std::string_view& from) {
  if (from.empty()) return 0;
  const char letter = from.front();
  from.remove_prefix(1);
  return letter;
}

template <class Plain>
void append_plain(std::string& out, const Plain& value) {
  static_assert(std::is_trivially_copyable_v<Plain>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class Plain>
Plain take_plain(std::string_view& from) {
  Plain value{};
  if (from.size() >= sizeof value) {
    std::memcpy(&value, from.data(), sizeof value);
    from.remove_prefix(sizeof value);
  } else {
    from = {};
  }
  return value;
}

char letter_of(record::State state) {
  return static_cast<char>('0' + static_cast<int>(state));
}

record::State state_of(char letter) {
  const int number = letter - '0';
  return number >= 0 && number <= static_cast<int>(record::State::interrupted) ? static_cast<record::State>(number)
                                                                               : record::State::failed;
}

Behind behind_of(char letter) {
  return letter == static_cast<char>(Behind::more) ? Behind::more : Behind::nothing;
}

std::vector<record::Descriptor> descriptors_of(msghdr& message) {
  std::vector<record::Descriptor> descriptors;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t at = 0; at < count; ++at) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + at * sizeof number, sizeof number);
      descriptors.emplace_back(number);
    }
  }
  return descriptors;
}

}  // namespace

bool say(int socket, Word word, std::string_view text, std::initializer_list<int> descriptors) {
  char letter = static_cast<char>(word);
  text = text.substr(0, longest_message - 1);
  std::array<iovec, 2> parts = {
      {{.iov_base = &letter, .iov_len = 1}, {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> control{};
  if (descriptors.size() != 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.begin(), descriptors.size() * sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

std::optional<Saying> hear(int socket) {
  std::string bytes(longest_message, '\0');
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_descriptors * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return std::nullopt;
  auto descriptors = descriptors_of(message);
  bytes.resize(static_cast<std::size_t>(got));
  return Saying{.word = static_cast<Word>(bytes[0]), .text = bytes.substr(1), .descriptors = std::move(descriptors)};
}

std::string pack(const NewJob& job) {
  std::string out = job.name + '\0' + static_cast<char>(job.behind);
  append_plain(out, job.scheduled);
  return out;
}

NewJob unpack_new_job(std::string_view text) {
  NewJob job;
  job.name = take_text(text);
  job.behind = behind_of(take_letter(text));
  job.scheduled = take_plain<Timestamp>(text);
  return job;
}

std::string pack(const JobEnd& end) {
  return end.name + '\0' + letter_of(end.state) + static_cast<char>(end.behind) + end.reason;
}

JobEnd unpack_job_end(std::string_view text) {
  JobEnd end;
  end.name = take_text(text);
  end.state = state_of(take_letter(text));
  end.behind = behind_of(take_letter(text));
  end.reason = text;
  return end;
}

std::string pack(const JobReport& report) {
  std::string out = report.name + '\0' + letter_of(report.state);
  append_plain(out, report.report);
  if (report.error) out += pack(*report.error);
  return out;
}

JobReport unpack_job_report(std::string_view text) {
  JobReport report;
  report.name = take_text(text);
  report.state = state_of(take_letter(text));
  report.report = take_plain<LiveReport>(text);
  if (!text.empty()) report.error = unpack_error(text);
  return report;
}

// kind, message, hint, detail.
std::string pack(const Error& error) {
  std::string out(1, static_cast<char>(error.kind));
  out += error.message + '\0' + error.hint + '\0' + error.detail;
  return out;
}

Error unpack_error(std::string_view text) {
  Error error{.kind = ErrorKind::capture, .message = "the capturing process sent nothing"};
  if (text.empty()) return error;
  const auto kind = static_cast<unsigned char>(take_letter(text));
  if (kind <= static_cast<unsigned char>(ErrorKind::cluster)) error.kind = static_cast<ErrorKind>(kind);
  error.message = take_text(text);
  error.hint = take_text(text);
  error.detail = text;
  return error;
}

std::string pack(const std::vector<capture::Interface>& interfaces) {
  std::string out;
  for (const capture::Interface& interface : interfaces) {
    out += fmt::format("{} {} {}\n", static_cast<unsigned>(interface.link), interface.snapshot_length, interface.name);
  }
  return out;
}

std::vector<capture::Interface> unpack_interfaces(std::string_view text) {
  std::vector<capture::Interface> interfaces;
  while (!text.empty()) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    unsigned link = 0, snapshot_length = 0;
    int name = 0;
    if (std::sscanf(line.c_str(), "%u %u %n", &link, &snapshot_length, &name) < 2) continue;
    interfaces.push_back({.name = line.substr(static_cast<std::size_t>(name)),
                          .link = static_cast<net::LinkType>(link),
                          .snapshot_length = snapshot_length});
  }
  return interfaces;
}

}  // namespace wiretape::engine
