// SPDX-License-Identifier: Apache-2.0
// Captures of small talks, recordings made of them, and a screen that remembers what it was shown.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/analyze.hpp"
#include "engine/record.hpp"
#include "proto/protocol.hpp"
#include "record/store.hpp"
#include "support/conversation.hpp"

namespace wiretape::engine::test {

inline kfl::Statement statement(const std::string& text) {
  auto compiled = kfl::compile(text, {.catalog = &catalog(), .macros = {}, .now = {}});
  REQUIRE_MESSAGE(compiled.has_value(), text);
  return *compiled;
}

// "ok", or the error's sentence: so that a failed check says why.
template <class T>
std::string outcome(const Result<T>& result) {
  return result ? "ok" : result.error().message;
}

inline std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: shop\r\n\r\n";
}
inline std::string answer(int status, const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// A connection of its own with these calls, from SYN to last ACK. `port` is the client's.
struct Asked {
  std::string path;
  int status;
};
inline void talk(support::Wire& wire, int port, const std::vector<Asked>& calls) {
  support::Conversation conversation(wire, "10.0.0.1:" + std::to_string(port), "10.0.0.2:80");
  conversation.connect();
  for (const Asked& call : calls) {
    conversation.request(get(call.path));
    conversation.response(answer(call.status));
  }
  conversation.close();
}

// The packets [first, last] of a wire, counted from 1, as a capture file.
inline std::string pcap_of(const support::Wire& wire, std::size_t first = 1, std::size_t last = SIZE_MAX) {
  std::vector<support::Record> records;
  for (const net::Packet& packet : wire.packets()) {
    if (packet.number < first || packet.number > last) continue;
    records.push_back({.time = packet.time, .data = std::string(packet.data)});
  }
  return support::pcap(records);
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void append_to(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary | std::ios::app) << content;
}

inline std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream in(path, std::ios::binary);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The path that a call asked for.
inline std::string path_in(std::string_view call) {
  constexpr std::string_view key = "\"path\":\"";
  const std::size_t start = call.find(key);
  if (start == std::string_view::npos) return {};
  const std::string_view rest = call.substr(start + key.size());
  return std::string(rest.substr(0, rest.find('"')));
}

inline std::vector<std::string> paths_in(const std::vector<std::string>& calls) {
  std::vector<std::string> paths;
  for (const std::string& call : calls) paths.push_back(path_in(call));
  return paths;
}

// Remembers what it was shown.
struct Screen final : CallSink {
  bool call(std::string_view json) override {
    calls.emplace_back(json);
    return calls.size() < closes_after;
  }
  bool caught_up() override {
    if (when_caught_up) when_caught_up();
    return true;
  }

  [[nodiscard]] std::vector<std::string> paths() const { return paths_in(calls); }

  std::vector<std::string> calls;
  std::size_t closes_after = SIZE_MAX;
  std::function<void()> when_caught_up;
};

using Paths = std::vector<std::string>;

// A store and captures in a folder of their own.
class Desk {
 public:
  [[nodiscard]] std::string store() const { return (folder_.path() / "store").string(); }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] std::string file(const std::string& name, const std::string& content) const {
    return folder_.file(name, content);
  }
  [[nodiscard]] std::string capture(const std::string& name, const support::Wire& wire) const {
    return file(name, pcap_of(wire));
  }

  [[nodiscard]] RecordRequest request(const std::string& name, const std::string& text,
                                      const std::vector<std::string>& inputs) const {
    RecordRequest request;
    request.job.name = name;
    request.job.statement = text;
    request.job.files = inputs;
    request.statement = statement(text);
    request.store = store();
    return request;
  }
  [[nodiscard]] Result<Stats> record(const RecordRequest& request) const {
    const std::atomic<bool> stop = false;
    return record_files(request, stop);
  }
  [[nodiscard]] Result<Stats> record(const std::string& name, const std::string& text,
                                     const std::vector<std::string>& inputs) const {
    return record(request(name, text, inputs));
  }

  [[nodiscard]] record::Found found(const std::string& name) const {
    auto found = record::Store(store()).load(name);
    REQUIRE_MESSAGE(found.has_value(), outcome(found));
    return *std::move(found);
  }
  // Folder of the recording's only iteration.
  [[nodiscard]] std::string iteration(const std::string& name) const {
    const record::Description description = found(name).description;
    REQUIRE(description.iterations.size() == 1);
    return store() + '/' + name + '/' + description.iterations[0].folder;
  }
  [[nodiscard]] std::string in_iteration(const std::string& name, const std::string& file_name) const {
    return iteration(name) + '/' + file_name;
  }

  [[nodiscard]] AnalyzeRequest question(const std::string& text, const std::vector<std::string>& inputs = {}) const {
    AnalyzeRequest request;
    request.inputs = inputs;
    request.store = store();
    request.statement = statement(text);
    return request;
  }

 private:
  support::TemporaryFolder folder_;
};

// What analyze shows.
inline Paths shown(const AnalyzeRequest& request) {
  Screen screen;
  const auto stats = analyze(request, &screen);
  REQUIRE_MESSAGE(stats.has_value(), outcome(stats));
  return screen.paths();
}

}  // namespace wiretape::engine::test
