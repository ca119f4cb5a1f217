// SPDX-License-Identifier: Apache-2.0
#include "record/writer.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "record/manifest.hpp"
#include "record/support.hpp"
#include "record/verify.hpp"

namespace wiretape::record {
namespace {

using test::a_morning;
using test::outcome;
using test::packet;
using test::packets_of;
using test::read_file;
using test::TempFolder;

std::unique_ptr<IterationWriter> writer_in(const TempFolder& folder, const WriterOptions& options = {},
                                           Files& files = system_files()) {
  auto opened = Folder::open(files, folder.path());
  REQUIRE(outcome(opened) == "ok");
  auto writer = IterationWriter::open(std::move(*opened), options);
  REQUIRE(outcome(writer) == "ok");
  return std::move(*writer);
}

std::string datas(const std::string& pcap) {
  std::string text;
  for (const auto& stored : packets_of(pcap)) text += (text.empty() ? "" : " ") + stored.data;
  return text;
}

TEST_SUITE("record writer") {
  TEST_CASE("a segment is a little-endian nanosecond pcap that tcpdump reads") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    net::Packet cut = packet(0.123456789, "abcd", net::LinkType::linux_sll2);
    cut.original_length = 60;
    REQUIRE(outcome(writer->packet(cut)) == "ok");
    REQUIRE(outcome(writer->flush()) == "ok");
    const std::string header(
        "\x4d\x3c\xb2\xa1"
        "\x02\0\x04\0"
        "\0\0\0\0"
        "\0\0\0\0"
        "\0\0\x04\0"
        "\x14\x01\0\0",
        24);
    const std::string record(
        "\x0c\xd4\x5e\x66"
        "\x15\xcd\x5b\x07"
        "\x04\0\0\0"
        "\x3c\0\0\0"
        "abcd",
        20);
    CHECK(bool(read_file(folder.path("000001.pcap")) == header + record));
  }

  TEST_CASE("nothing is on disk before it is flushed, and packets are there before their calls") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    REQUIRE(writer->packet(packet(1, "one")));
    REQUIRE(writer->call(R"({"call":1})"));
    REQUIRE(writer->stream(R"({"stream":1})"));
    CHECK(test::names_in(folder.path()) == std::vector<std::string>{"manifest.json"});
    REQUIRE(writer->flush());
    CHECK(datas(read_file(folder.path("000001.pcap"))) == "one");
    CHECK(read_file(folder.path("000001.streams.ndjson")) == "{\"stream\":1}\n");
    CHECK(read_file(folder.path("000001.calls.ndjson")) == "{\"call\":1}\n");
  }

  TEST_CASE("a closed segment is in the order of time, equal times in the order of their coming") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    for (const auto& [time, data] : std::vector<std::pair<double, std::string>>{
             {5, "live5"}, {6, "live6"}, {1, "held1"}, {5, "held5"}, {6, "held6"}, {7, "live7"}, {0, "late0"}}) {
      REQUIRE(writer->packet(packet(time, data)));
    }
    REQUIRE(outcome(writer->close_segment()) == "ok");
    CHECK(datas(read_file(folder.path("000001.pcap"))) == "late0 held1 live5 held5 live6 held6 live7");
    CHECK(test::names_in(folder.path()) == std::vector<std::string>{"000001.pcap", "manifest.json"});
  }

  TEST_CASE("a segment that is in order already is left as it is") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    REQUIRE(writer->packet(packet(1, "a")));
    REQUIRE(writer->packet(packet(1, "b")));
    REQUIRE(writer->flush());
    const auto before = std::filesystem::hard_link_count(folder.path("000001.pcap"));
    std::filesystem::create_hard_link(folder.path("000001.pcap"), folder.path("same"));
    REQUIRE(writer->close_segment());
    CHECK(std::filesystem::hard_link_count(folder.path("000001.pcap")) == before + 1);
  }

  TEST_CASE("however many runs there are and however little memory, the result is the sorted order") {
    struct Row {
      std::string what;
      std::size_t packets, run;
      std::size_t memory;
    };
    const Row rows[] = {
        {"few long runs", 3000, 300, 24U << 20U},
        {"more runs than are remembered", 3000, 10, 24U << 20U},
        {"every packet a run", 2000, 1, 24U << 20U},
        {"long disorder in a small window: runs are made and merged", 60'000, 40, 1U << 20U},
    };
    for (const Row& row : rows) {
      CAPTURE(row.what);
      const TempFolder folder;
      WriterOptions options;
      options.merge_memory = row.memory;
      const auto writer = writer_in(folder, options);
      std::mt19937 random(7);
      std::vector<test::Stored> expected;
      std::int64_t time = 0;
      for (std::size_t i = 0; i < row.packets; ++i) {
        time = i % row.run == 0 ? static_cast<std::int64_t>(random() % 1'000'000)
                                : time + static_cast<std::int64_t>(random() % 50);
        const std::string data = std::to_string(i) + std::string(random() % 60, '.');
        net::Packet one = packet(0, data);
        one.time = a_morning + Duration{time};
        REQUIRE(writer->packet(one));
        expected.push_back({.time = one.time.nanoseconds, .data = data});
      }
      REQUIRE(outcome(writer->finish()) == "ok");
      std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
      CHECK(bool(packets_of(read_file(folder.path("000001.pcap"))) == expected));
      CHECK(test::names_in(folder.path()) == std::vector<std::string>{"000001.pcap", "manifest.json"});
    }
  }

  TEST_CASE("another link type opens a segment of its own beside the first") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    REQUIRE(writer->packet(packet(1, "ether")));
    REQUIRE(writer->packet(packet(2, "raw", net::LinkType::raw)));
    REQUIRE(writer->call(R"({"of":"raw"})"));
    REQUIRE(writer->packet(packet(3, "ether2")));
    REQUIRE(writer->call(R"({"of":"ether"})"));
    REQUIRE(outcome(writer->finish()) == "ok");
    CHECK(datas(read_file(folder.path("000001.pcap"))) == "ether ether2");
    CHECK(datas(read_file(folder.path("000002.pcap"))) == "raw");
    CHECK(read_file(folder.path("000001.calls.ndjson")) == "{\"of\":\"ether\"}\n");
    CHECK(read_file(folder.path("000002.calls.ndjson")) == "{\"of\":\"raw\"}\n");
    CHECK(writer->written().segments == 2);
  }

  TEST_CASE("a full segment is closed and the next one begins") {
    const TempFolder folder;
    WriterOptions options;
    options.segment_size = pcap_header_size + 2 * (pcap_record_header_size + 4);
    const auto writer = writer_in(folder, options);
    for (const std::string data : {"1111", "2222", "3333"}) REQUIRE(writer->packet(packet(1, data)));
    CHECK(datas(read_file(folder.path("000001.pcap"))) == "1111 2222");
    REQUIRE(writer->finish());
    CHECK(datas(read_file(folder.path("000002.pcap"))) == "3333");
    const auto manifest = read_manifest(read_file(folder.path("manifest.json")), "manifest.json");
    REQUIRE(outcome(manifest) == "ok");
    CHECK(manifest->files.size() == 2);
    CHECK(manifest->files[0].records == 2);
    CHECK_FALSE(manifest->broken_at());
    CHECK(manifest->chain() == writer->chain());
  }

  TEST_CASE("a packet larger than any segment still gets one") {
    const TempFolder folder;
    WriterOptions options;
    options.segment_size = 30;
    const auto writer = writer_in(folder, options);
    REQUIRE(writer->packet(packet(1, std::string(100, 'a'))));
    REQUIRE(writer->packet(packet(2, std::string(100, 'b'))));
    REQUIRE(outcome(writer->finish()) == "ok");
    CHECK(writer->written().segments == 2);
  }

  TEST_CASE("a packet longer than a pcap may hold is cut, counted, and says how long it was") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    const std::string data(longest_packet + 1, 'x');
    REQUIRE(writer->packet(packet(1, data)));
    REQUIRE(outcome(writer->finish()) == "ok");
    CHECK(packets_of(read_file(folder.path("000001.pcap"))).front().data.size() == longest_packet);
    CHECK(writer->written().cut_packets == 1);
  }

  TEST_CASE("times that a pcap cannot hold become the nearest that it can") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    net::Packet early = packet(0, "early"), late = packet(0, "late");
    early.time = {INT64_MIN};
    late.time = {INT64_MAX};
    REQUIRE(writer->packet(late));
    REQUIRE(writer->packet(early));
    REQUIRE(outcome(writer->finish()) == "ok");
    const auto stored = packets_of(read_file(folder.path("000001.pcap")));
    CHECK(stored.at(0).time == 0);
    CHECK(stored.at(1).time == std::int64_t{UINT32_MAX} * 1'000'000'000 + 999'999'999);
  }

  TEST_CASE("lines without packets have a segment too, and the packets that follow join it") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    REQUIRE(writer->stream(R"({"s":1})"));
    REQUIRE(writer->packet(packet(1, "one")));
    REQUIRE(outcome(writer->finish()) == "ok");
    CHECK(test::names_in(folder.path()) ==
          std::vector<std::string>{"000001.pcap", "000001.streams.ndjson", "manifest.json"});
  }

  TEST_CASE("opened again, the writer goes on behind what is there") {
    const TempFolder folder;
    {
      const auto writer = writer_in(folder);
      REQUIRE(writer->packet(packet(1, "closed")));
      REQUIRE(writer->close_segment());
      REQUIRE(writer->packet(packet(2, "left open")));
      REQUIRE(writer->flush());
    }
    const auto writer = writer_in(folder);
    REQUIRE(writer->packet(packet(3, "new")));
    REQUIRE(outcome(writer->finish()) == "ok");
    CHECK(datas(read_file(folder.path("000002.pcap"))) == "left open");
    CHECK(datas(read_file(folder.path("000003.pcap"))) == "new");
    const auto manifest = read_manifest(read_file(folder.path("manifest.json")), "manifest.json");
    REQUIRE(outcome(manifest) == "ok");
    CHECK(manifest->files.size() == 2);
    CHECK_FALSE(manifest->broken_at());
  }

  TEST_CASE("at the storage limit the writer ends with what it has") {
    const TempFolder folder;
    WriterOptions options;
    options.storage_limit = 100;
    const auto writer = writer_in(folder, options);
    REQUIRE(writer->packet(packet(1, std::string(50, 'x'))));
    const auto refused = writer->packet(packet(2, "more"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "the storage limit of 100 bytes is reached in " + folder.path());
    CHECK(bool(refused.error().kind == ErrorKind::write));
    CHECK_FALSE(writer->call("{}"));
    CHECK_FALSE(writer->finish());
    CHECK(packets_of(read_file(folder.path("000001.pcap"))).size() == 1);
    const auto manifest = read_manifest(read_file(folder.path("manifest.json")), "manifest.json");
    CHECK(manifest->files.size() == 1);
  }

  TEST_CASE("a write that fails in the middle leaves whole records, and the writer refuses more") {
    const TempFolder folder;
    for (std::uint64_t at = 1;; ++at) {
      CAPTURE(at);
      const TempFolder place;
      test::FailingFiles files(at, ENOSPC, test::FailingFiles::Then::for_good);
      auto opened = Folder::open(files, place.path());
      REQUIRE(opened);
      auto writer = IterationWriter::open(std::move(*opened), {});
      if (!writer) continue;
      for (int i = 0; i < 5; ++i) (void)(*writer)->packet(packet(5 - i, "packet " + std::to_string(i)));
      (void)(*writer)->call(R"({"call":1})");
      (void)(*writer)->call(R"({"call":2})");
      const auto flushed = (*writer)->flush();
      if (!flushed) {
        CHECK(flushed.error().message.find(": No space left on device") != std::string::npos);
        CHECK_FALSE((*writer)->packet(packet(9, "more")));
        CHECK_FALSE((*writer)->call("{}"));
        CHECK_FALSE((*writer)->sync());
      }
      (void)(*writer)->finish();
      for (const auto& file : test::tree(place.path())) {
        const std::string &name = file.first, &content = file.second;
        CAPTURE(name);
        if (name.ends_with(".pcap")) (void)packets_of(content);
        if (name.ends_with(".ndjson")) CHECK((content.empty() || content.back() == '\n'));
        CHECK_FALSE(name.ends_with(".new"));
        CHECK_FALSE(name.ends_with(".sorted"));
      }
      if (files.calls() < at) break;
    }
  }

  TEST_CASE("a file that somebody removed is noticed when it is synced") {
    const TempFolder folder;
    const auto writer = writer_in(folder);
    REQUIRE(writer->packet(packet(1, "one")));
    REQUIRE(writer->sync());
    std::filesystem::remove(folder.path("000001.pcap"));
    REQUIRE(writer->packet(packet(2, "two")));
    CHECK(outcome(writer->sync()) == folder.path("000001.pcap") + " was removed while it was being written");
  }

  TEST_CASE("what was synced survives a power cut at any moment, and nothing is invented") {
    const struct {
      double time;
      std::string data;
    } sent[] = {{3, "c"}, {1, "a"}, {2, "b"}, {5, "e"}, {4, "d"}, {6, "f"}};
    for (std::size_t cut = 0; cut <= std::size(sent); ++cut) {
      for (const bool synced_last : {false, true}) {
        CAPTURE(cut);
        CAPTURE(synced_last);
        const TempFolder folder;
        test::ForgetfulFiles files;
        WriterOptions options;
        options.segment_size = pcap_header_size + 4 * (pcap_record_header_size + 1);
        const auto writer = writer_in(folder, options, files);
        std::size_t safe = 0;
        for (std::size_t i = 0; i < cut; ++i) {
          REQUIRE(writer->packet(packet(sent[i].time, sent[i].data)));
          if (!synced_last && i + 1 == cut) {
            REQUIRE(writer->flush());
          } else {
            REQUIRE(writer->sync());
            safe = i + 1;
          }
        }
        files.cut_power();
        std::string found;
        for (const auto& file : test::tree(folder.path())) {
          const std::string &name = file.first, &content = file.second;
          if (!name.ends_with(".pcap")) continue;
          for (const auto& stored : packets_of(content)) found += stored.data;
        }
        for (std::size_t i = 0; i < safe; ++i) CHECK(found.find(sent[i].data) != std::string::npos);
        CHECK(found.size() <= cut);
      }
    }
  }
}

}  // namespace
}  // namespace wiretape::record
