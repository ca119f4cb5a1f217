// SPDX-License-Identifier: Apache-2.0
// How fast statements run: over a dissected entry, and over lines of JSON. Prints what it measures, and exits 1 where a
// goal is missed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "kfl/statement.hpp"
#include "support/kfl_entries.hpp"

namespace {

using namespace wiretape;

constexpr double most_nanoseconds = 100;  // for two terms over an entry
constexpr double least_megabytes = 300;   // a second, for two selectors over lines

kfl::Statement statement(std::string_view text) {
  auto compiled = kfl::compile(text, {.catalog = &made_up::catalog, .now = {}});
  if (compiled) return *compiled;
  std::fprintf(stderr, "%s\n%s\n", compiled.error().message.c_str(), compiled.error().detail.c_str());
  std::exit(1);
}

// Of this process alone: machines that measure are rarely idle.
double cpu_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// The fastest of several rounds, in nanoseconds a turn.
template <class Turn>
double nanoseconds(std::size_t turns, const Turn& turn) {
  constexpr int rounds = 15;
  double best = 1e300;
  for (int round = 0; round < rounds; ++round) {
    const double start = cpu_nanoseconds();
    for (std::size_t i = 0; i < turns; ++i) turn();
    best = std::min(best, (cpu_nanoseconds() - start) / static_cast<double>(turns));
  }
  return best;
}

bool said(const char* what, double value, const char* unit, bool met) {
  std::printf("%-70s %10.1f %-5s %s\n", what, value, unit, met ? "" : "MISSED");
  return met;
}

bool over_entries() {
  const made_up::WebCall call;
  kfl::Scratch scratch;
  bool met = true;
  for (const char* text :
       {R"(protocol.name == "web" and response.status == 500)", R"(protocol.name == "web" and response.status == 200)",
        R"(request.method == "GET" and response.status >= 200)",
        R"(request.method == "GET" and request.headers["user-agent"] == "kube-probe/1.27+")",
        R"(src.ip == "10.0.0.1" and response.status >= 200)"}) {
    const auto compiled = statement(text);
    std::size_t matched = 0;
    const double spent = nanoseconds(50'000, [&] { matched += compiled.matches(call.entry, scratch) ? 1U : 0U; });
    met &= said(text, spent, "ns", spent <= most_nanoseconds);
  }
  for (const char* text :
       {R"(request.path == r"^/api/v[0-9]+/")", R"(response.content.text.json().a.b[1] == 2)", R"(response..x == 1)"}) {
    const auto compiled = statement(text);
    std::size_t matched = 0;
    said(text, nanoseconds(10'000, [&] { matched += compiled.matches(call.entry, scratch) ? 1U : 0U; }), "ns", true);
  }
  return met;
}

std::vector<std::string> lines() {
  std::vector<std::string> all;
  for (int i = 0; i < 2000; ++i) {
    made_up::WebCall call;
    call.request.path = "/api/v1/orders/" + std::to_string(i);
    call.response.status = i % 100 == 0 ? 500 : 200;
    for (int header = 0; header < 12; ++header) {
      call.request.headers.emplace_back("X-Header-" + std::to_string(header),
                                        "some value of a header that is not short");
    }
    std::string line;
    json::Writer writer(line);
    render(call.entry, writer);
    all.push_back(std::move(line));
  }
  return all;
}

bool over_lines() {
  const auto all = lines();
  std::size_t bytes = 0;
  for (const auto& line : all) bytes += line.size();
  std::printf("%zu lines of %zu bytes\n", all.size(), bytes / all.size());
  kfl::Scratch scratch;
  bool met = true;
  for (const char* text : {R"(protocol.name == "web" and response.status == 500)",
                           R"(request.path == "/none" or response.status == 500)"}) {
    const auto compiled = statement(text);
    std::size_t matched = 0;
    const double spent = nanoseconds(3, [&] {
      for (const auto& line : all) matched += *compiled.matches(line, "", scratch) ? 1U : 0U;
    });
    const double speed = static_cast<double>(bytes) / spent * 1000;
    met &= said(text, speed, "MB/s", speed >= least_megabytes);
  }
  return met;
}

}  // namespace

int main() {
  const bool entries = over_entries();
  const bool documents = over_lines();
  return entries && documents ? 0 : 1;
}
