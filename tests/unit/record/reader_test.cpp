// SPDX-License-Identifier: Apache-2.0
#include "record/reader.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "record/support.hpp"

namespace wiretape::record {
namespace {

using test::outcome;
using test::TempFolder;

std::vector<std::string> lines_of(Lines& lines) {
  std::vector<std::string> found;
  while (true) {
    const auto line = lines.next();
    REQUIRE(outcome(line) == "ok");
    if (!*line) return found;
    found.emplace_back(**line);
  }
}

TEST_SUITE("record reader") {
  TEST_CASE("a recording, an iteration and a file of a segment are opened alike") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder, "errors");
    const std::string iteration = path + "/20240604T084500Z";
    for (const std::string& what : {path, path + '/', iteration, path + "/../errors"}) {
      CAPTURE(what);
      const auto opened = open_recording(what);
      REQUIRE(outcome(opened) == "ok");
      CHECK(opened->name == "errors");
      REQUIRE(opened->iterations.size() == 1);
      REQUIRE(opened->iterations[0].segments.size() == 2);
      const SegmentFiles& segment = opened->iterations[0].segments[1];
      CHECK(segment.number == 2);
      CHECK(segment.packets == iteration + "/000002.pcap");
      CHECK(segment.calls == iteration + "/000002.calls.ndjson");
      CHECK(segment.streams == iteration + "/000002.streams.ndjson");
      CHECK(segment.closed);
      CHECK(looks_like_recording(what));
    }
    const auto opened = open_recording(iteration + "/000002.calls.ndjson");
    REQUIRE(outcome(opened) == "ok");
    CHECK(opened->name == "errors");
    REQUIRE(opened->iterations[0].segments.size() == 1);
    CHECK(opened->iterations[0].segments[0].number == 2);
  }

  TEST_CASE("what is no recording is said to be none") {
    const TempFolder folder;
    test::write_file(folder.path("000001.pcap"), "");
    CHECK(outcome(open_recording(folder.path())) == folder.path() + " is no recording");
    CHECK(outcome(open_recording(folder.path("000001.pcap"))) == folder.path("000001.pcap") + " is no recording");
    CHECK(outcome(open_recording(folder.path("none"))) ==
          "cannot open " + folder.path("none") + ": No such file or directory");
    CHECK_FALSE(looks_like_recording(folder.path()));
  }

  TEST_CASE("iterations come in the order of their starts, links are not followed") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    for (const std::string name : {"20240604T084500Z-10", "20240604T084500Z-2", "20240605T084500Z", "notes"}) {
      std::filesystem::create_directory(path + '/' + name);
    }
    std::filesystem::create_directory_symlink(path, path + "/20240606T084500Z");
    std::filesystem::create_symlink("/etc/passwd", path + "/20240605T084500Z/000001.pcap");
    const auto opened = open_recording(path);
    REQUIRE(outcome(opened) == "ok");
    std::vector<std::string> names;
    for (const IterationFiles& iteration : opened->iterations) names.push_back(iteration.name);
    CHECK(names == std::vector<std::string>{"20240604T084500Z", "20240604T084500Z-2", "20240604T084500Z-10",
                                            "20240605T084500Z"});
    CHECK(opened->iterations[3].segments.empty());
  }

  TEST_CASE("a packet file that was just being made has no packets yet") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    const std::string iteration = path + "/20240604T084500Z";
    const struct {
      std::string situation, content, packets;
    } rows[] = {
        {"no byte of its header", "", ""},
        {"a part of its header", std::string(23, 'x'), ""},
        {"its header", std::string(24, 'x'), iteration + "/000003.pcap"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      test::write_file(iteration + "/000003.pcap", row.content);
      const auto opened = open_recording(path);
      REQUIRE(outcome(opened) == "ok");
      REQUIRE(opened->iterations[0].segments.size() == 3);
      CHECK(opened->iterations[0].segments[2].packets == row.packets);
    }
    test::write_file(iteration + "/000002.pcap", "");
    const auto emptied = open_recording(path);
    REQUIRE(outcome(emptied) == "ok");
    CHECK(emptied->iterations[0].segments[1].packets == iteration + "/000002.pcap");  // the manifest says more
  }

  TEST_CASE("a recording whose manifest is damaged is read all the same") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    test::write_file(path + "/20240604T084500Z/manifest.json", "{");
    const auto opened = open_recording(path);
    REQUIRE(outcome(opened) == "ok");
    CHECK(opened->iterations[0].segments.size() == 2);
    CHECK_FALSE(opened->iterations[0].segments[0].closed);
  }

  TEST_CASE("lines are read whole, a torn last one is passed over and reported, wherever it is cut") {
    const TempFolder folder;
    const std::string content = "{\"a\":1}\n{\"b\":22}\n\n{\"c\":333}\n";
    for (std::size_t length = 0; length <= content.size(); ++length) {
      CAPTURE(length);
      const std::string cut = content.substr(0, length);
      test::write_file(folder.path("x"), cut);
      auto lines = Lines::open(folder.path("x"));
      REQUIRE(outcome(lines) == "ok");
      const auto found = lines_of(*lines);
      const std::size_t whole = cut.rfind('\n') == std::string::npos ? 0 : cut.rfind('\n') + 1;
      CHECK(lines->torn() == length - whole);
      CHECK(lines->position() == whole);
      CHECK(found.size() == (length == content.size() ? 3U : length >= 17 ? 2U : length >= 8 ? 1U : 0U));
    }
  }

  TEST_CASE("a growing file is read on from where it ended") {
    const TempFolder folder;
    test::write_file(folder.path("x"), "one\ntw");
    auto lines = Lines::open(folder.path("x"));
    REQUIRE(outcome(lines) == "ok");
    CHECK(lines_of(*lines) == std::vector<std::string>{"one"});
    CHECK(lines->torn() == 2);
    std::ofstream(folder.path("x"), std::ios::app) << "o\nthree\n";
    CHECK(lines_of(*lines) == std::vector<std::string>{"two", "three"});
    CHECK(lines->torn() == 0);
  }

  TEST_CASE("lines of any length come whole, up to the limit") {
    const TempFolder folder;
    std::string content;
    for (std::size_t length = 1; length < (4U << 20U); length *= 2) content += std::string(length, 'x') + '\n';
    content += std::string(Lines::longest_line + (3U << 20U), 'y') + "\nlast\n";
    test::write_file(folder.path("x"), content);
    auto lines = Lines::open(folder.path("x"));
    const auto found = lines_of(*lines);
    CHECK(found.size() == 23);
    CHECK(found.back() == "last");
    CHECK(lines->too_long() == 1);
  }

  TEST_CASE("of several lines for a stream the last counts, damaged ones are counted") {
    const TempFolder folder;
    StreamFacts facts;
    std::string content;
    append_stream_line(content, facts, {.calls = 1, .kept_packets = 0, .kept_bytes = 0}, {});
    content += "\n{\"no\":\"stream\"}\n";
    append_stream_line(content, facts, {.calls = 2, .kept_packets = 0, .kept_bytes = 0}, {});
    content += "\n{\"torn";
    test::write_file(folder.path("x"), content);
    const auto table = read_streams(folder.path("x"));
    REQUIRE(outcome(table) == "ok");
    REQUIRE(table->streams.size() == 1);
    CHECK(table->streams.at("000000000000").calls == 2);
    CHECK(table->damaged == 1);
    CHECK(table->torn == 6);
  }
}

}  // namespace
}  // namespace wiretape::record
