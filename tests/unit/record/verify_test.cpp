// SPDX-License-Identifier: Apache-2.0
#include "record/verify.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "record/manifest.hpp"
#include "record/support.hpp"

namespace wiretape::record {
namespace {

using test::outcome;
using test::TempFolder;

const std::string iteration = "20240604T084500Z/";

// What verify says of everything that is not good: "path verdict".
std::vector<std::string> faults(const std::string& path) {
  const auto verified = verify(path, test::a_morning);
  REQUIRE(outcome(verified) == "ok");
  std::vector<std::string> found;
  for (const Finding& finding : verified->findings) {
    if (finding.verdict == Verdict::good) continue;
    found.push_back(finding.path + ' ' + std::string(name(finding.verdict)));
    CHECK_FALSE(finding.sentence.empty());
  }
  return found;
}
using Faults = std::vector<std::string>;

TEST_SUITE("record verify") {
  TEST_CASE("a finished recording is good, file by file") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    CHECK(faults(path).empty());
    const auto verified = verify(path);
    CHECK(verified->intact());
    CHECK(verified->findings.size() == 8);
  }

  TEST_CASE("each flipped byte of each file is found, in the right file") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    for (const auto& file : test::tree(path)) {
      const std::string &name = file.first, &content = file.second;
      for (std::size_t at = 0; at < content.size(); ++at) {
        std::string flipped = content;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
        test::write_file(path + '/' + name, flipped);
        CAPTURE(name);
        CAPTURE(at);
        const Faults found = faults(path);
        REQUIRE_FALSE(found.empty());
        CHECK(std::any_of(found.begin(), found.end(),
                          [&](const std::string& fault) { return fault.rfind(name, 0) == 0; }));
      }
      test::write_file(path + '/' + name, content);
    }
    CHECK(faults(path).empty());
  }

  TEST_CASE("each cut of each file is found") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    for (const auto& file : test::tree(path)) {
      const std::string &name = file.first, &content = file.second;
      for (std::size_t length = 0; length < content.size(); ++length) {
        test::write_file(path + '/' + name, content.substr(0, length));
        CAPTURE(name);
        CAPTURE(length);
        CHECK_FALSE(verify(path)->intact());
      }
      test::write_file(path + '/' + name, content);
    }
  }

  TEST_CASE("a removed file is missing, a swapped one is named") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    const std::string one = path + '/' + iteration + "000001.pcap", two = path + '/' + iteration + "000002.pcap";
    std::filesystem::rename(one, one + ".away");
    CHECK(faults(path) == Faults{iteration + "000001.pcap missing", iteration + "000001.pcap.away foreign"});
    std::filesystem::rename(two, one);
    std::filesystem::rename(one + ".away", two);
    CHECK(faults(path) == Faults{iteration + "000001.pcap swapped", iteration + "000002.pcap swapped"});
  }

  TEST_CASE("a segment taken out of the manifest too still shows") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    const std::string manifest_path = path + '/' + iteration + "manifest.json";
    const auto manifest = read_manifest(test::read_file(manifest_path), "m");
    REQUIRE(outcome(manifest) == "ok");
    REQUIRE(manifest->files.size() == 6);
    SUBCASE("in the middle: the chain is broken") {
      Manifest shorter = *manifest;
      std::filesystem::remove(path + '/' + iteration + shorter.files[1].name);
      shorter.files.erase(shorter.files.begin() + 1);
      test::write_file(manifest_path, to_json(shorter));
      CHECK(faults(path) == Faults{iteration + "manifest.json broken"});
    }
    SUBCASE("at the end: the recording knows how it ended") {
      Manifest shorter = *manifest;
      std::filesystem::remove(path + '/' + iteration + shorter.files[5].name);
      shorter.files.pop_back();
      test::write_file(manifest_path, to_json(shorter));
      CHECK(faults(path) == Faults{iteration + "manifest.json broken"});
    }
    SUBCASE("with the whole manifest") {
      std::filesystem::remove(manifest_path);
      CHECK(faults(path).front() == iteration + "000001.calls.ndjson unlisted");
      CHECK(faults(path).back() == iteration + "manifest.json missing");
    }
  }

  TEST_CASE("a file that was put in is unlisted, a stranger's foreign, a merge's leftover") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    test::write_file(path + '/' + iteration + "000003.pcap", "");
    test::write_file(path + '/' + iteration + "000002.sorted", "");
    test::write_file(path + '/' + iteration + "notes.txt", "");
    test::write_file(path + "/recording.json.new", "");
    CHECK(faults(path) == Faults{iteration + "000002.sorted leftover", iteration + "000003.pcap unlisted",
                                 iteration + "notes.txt foreign", "recording.json.new leftover"});
    CHECK_FALSE(verify(path)->intact());
  }

  TEST_CASE("of an interrupted recording the closed segments are proven and the open one is named") {
    const TempFolder folder;
    const Store store(folder.path());
    {
      auto recording = store.create(test::job_named("x"), test::a_morning);
      auto writer = recording->start_iteration(test::a_morning, test::a_morning);
      REQUIRE((*writer)->packet(test::packet(1, "closed")));
      REQUIRE((*writer)->close_segment());
      REQUIRE((*writer)->packet(test::packet(2, "open")));
      REQUIRE((*writer)->call("{}"));
      REQUIRE((*writer)->flush());
    }
    const std::string path = folder.path("x");
    CHECK(faults(path) == Faults{iteration + "000002.calls.ndjson open", iteration + "000002.pcap open"});
    CHECK(verify(path)->intact());
    const std::string pcap = path + '/' + iteration + "000002.pcap";
    test::write_file(pcap, test::read_file(pcap) + "torn");
    CHECK(faults(path) == Faults{iteration + "000002.calls.ndjson open", iteration + "000002.pcap torn"});
    CHECK(verify(path)->intact());
  }

  TEST_CASE("an iteration that has not expired must be there") {
    const TempFolder folder;
    const std::string path = test::small_recording(folder);
    std::filesystem::remove_all(path + "/20240604T084500Z");
    CHECK(faults(path) == Faults{"20240604T084500Z missing"});
  }

  TEST_CASE("what is no recording at all has no recording.json") {
    const TempFolder folder;
    CHECK(faults(folder.path()) == Faults{"recording.json missing"});
    CHECK(bool(verify(folder.path("nowhere")).error().kind == ErrorKind::input));
  }
}

TEST_SUITE("record manifest") {
  TEST_CASE("the hash of an entry is the one that the manual tells how to compute") {
    ManifestEntry entry;
    entry.name = "000001.pcap";
    entry.bytes = 24;
    entry.first = test::a_morning;
    entry.sha256 = "aa";
    entry.previous = "bb";
    // printf '%s\n' 000001.pcap 24 0 2024-06-04T08:45:00.000000000Z '' aa bb | sha256sum
    CHECK(link(entry) == "c6e6f4325ec9ba2588ea92505c85921fc2ca122327e4c8236aeae8ebcab96299");
  }

  TEST_CASE("a manifest is read back as it was written, with members it does not know") {
    Manifest manifest;
    manifest.append({.name = "000001.pcap",
                     .bytes = 1,
                     .records = 2,
                     .first = test::a_morning,
                     .last = test::a_morning,
                     .sha256 = "aa",
                     .previous = {}});
    manifest.append({.name = "000001.calls.ndjson",
                     .bytes = 3,
                     .records = 4,
                     .first = {},
                     .last = {},
                     .sha256 = "bb",
                     .previous = {}});
    std::string json = to_json(manifest);
    json.insert(1, R"("later":{"a":[]},)");
    const auto read = read_manifest(json, "m");
    REQUIRE(outcome(read) == "ok");
    CHECK(bool(read->files == manifest.files));
    CHECK_FALSE(read->broken_at());
  }

  TEST_CASE("names in a manifest cannot lead out of its folder") {
    for (const std::string name : {"../000001.pcap", "/etc/passwd", "", ".hidden", "a/b"}) {
      Manifest manifest;
      manifest.append({.name = name, .first = {}, .last = {}, .sha256 = {}, .previous = {}});
      CHECK(outcome(read_manifest(to_json(manifest), "m")) ==
            "m is damaged: 'files': 'name' is no name of a segment's file");
    }
  }
}

}  // namespace
}  // namespace wiretape::record
