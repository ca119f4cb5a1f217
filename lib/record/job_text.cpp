// SPDX-License-Identifier: Apache-2.0
#include "record/job_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"

namespace wiretape::record {
namespace {

constexpr Duration minute = Duration::seconds(60);
constexpr Duration hour = Duration::seconds(3600);

Duration rounded(Duration span, Duration to) {
  return {(span.nanoseconds + to.nanoseconds / 2) / to.nanoseconds * to.nanoseconds};
}

// "a", "a and b", "a, b and c"
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::string source_of(const Job& job) {
  if (!job.interfaces.empty()) return "on " + listed(job.interfaces);
  if (job.files.empty()) return "";
  std::vector<std::string> files = job.files;
  std::replace(files.begin(), files.end(), std::string("-"), std::string("standard input"));
  return "from " + listed(files);
}

std::string start_of(const Job& job, const Window& first, Timestamp now) {
  if (!job.start) return "from now";
  const std::string time = clock_text(first.begin, now);
  if (first.begin < now) return fmt::format("from {} UTC ({} ago)", time, rough_text(now - first.begin));
  return fmt::format("from {} UTC (in {})", time, rough_text(first.begin - now));
}

std::string days_text(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "day" : "days");
}

// Files have their own time, and end by themselves.
std::string time_of(const Job& job, const Window& first, Timestamp now) {
  if (!job.files.empty()) return "";
  return start_of(job, first, now) + (job.duration ? ", " : " ") + length_in_words(job);
}

std::string keeping_of(const Job& job) {
  if (job.expiration.nanoseconds <= 0) return "kept until deleted";
  const bool whole_days = job.expiration.nanoseconds % day.nanoseconds == 0;
  const std::string time = whole_days
                               ? days_text(static_cast<std::uint64_t>(job.expiration.nanoseconds / day.nanoseconds))
                               : duration_text(job.expiration);
  return (job.iterations == 1 ? "kept " : "each day kept ") + time;
}

std::string expiry(std::optional<Timestamp> time, const Job& job, Timestamp now) {
  if (job.expiration.nanoseconds <= 0) return "never";
  if (!time) return "after " + duration_text(job.expiration);
  return *time <= now ? "now" : "in " + rough_text(*time - now);
}

}  // namespace

std::string length_in_words(const Job& job) {
  if (!job.duration) return "until interrupted";
  if (job.iterations == 1) return "for " + duration_text(*job.duration);
  const std::string each = *job.duration == day ? "all day" : duration_text(*job.duration) + " a day";
  if (job.iterations == 0) return each + " until stopped";
  return fmt::format("{} for {}", each, days_text(job.iterations));
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string rough_text(Duration span) {
  span.nanoseconds = std::clamp<std::int64_t>(span.nanoseconds, 0, INT64_MAX - hour.nanoseconds);
  if (span < Duration::seconds(120)) return duration_text(rounded(span, Duration::seconds(1)));
  if (span < day) return duration_text(rounded(span, minute));
  return duration_text(rounded(span, hour));
}

std::string clock_text(Timestamp time, Timestamp now) {
  const std::string text = rfc3339(time);  // 2024-06-04T08:45:00.000000000Z
  const bool whole_minute = text.compare(17, 2, "00") == 0;
  const std::string clock = text.substr(11, whole_minute ? 5 : 8);
  const bool near = time - now < day && now - time < day;
  return near ? clock : text.substr(0, 10) + ' ' + clock;
}

std::string job_in_words(const Job& job, const Window& first, Timestamp now) {
  std::string line =
      fmt::format("\"{}\": {}", job.name, job.statement.empty() ? "every packet" : one_line(job.statement));
  for (const std::string& part : {source_of(job), time_of(job, first, now)}) {
    if (!part.empty()) line += ", " + part;
  }
  if (job.packet_count) line += fmt::format(", at most {} packets", *job.packet_count);
  return line + ", " + keeping_of(job);
}

std::string next_in_words(const Description& description, const Outlook& outlook, Timestamp now) {
  switch (description.state) {
    case State::recording:
      if (outlook.ends) return "ends " + clock_text(*outlook.ends, now);
      return description.job.files.empty() ? "until stopped" : "";
    case State::scheduled:
    case State::waiting:
      if (!outlook.next) return "";
      return *outlook.next <= now ? "due" : "in " + rough_text(*outlook.next - now);
    case State::completed:
    case State::stopped:
    case State::failed: return description.ended ? "ended " + clock_text(*description.ended, now) : "";
    case State::interrupted: break;
  }
  return "";
}

std::string iteration_in_words(const Job& job, const Outlook& outlook) {
  if (job.iterations == 0) return std::to_string(outlook.iteration);
  return fmt::format("{}/{}", outlook.iteration, job.iterations);
}

std::string expiry_in_words(const Job& job, const Outlook& outlook, Timestamp now) {
  return expiry(outlook.expires, job, now);
}

std::string expiry_in_words(const Job& job, const Iteration& iteration, Timestamp now) {
  return expiry(expiry_of(job, iteration), job, now);
}

}  // namespace wiretape::record
