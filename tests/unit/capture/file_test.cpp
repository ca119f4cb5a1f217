// SPDX-License-Identifier: Apache-2.0
#include "capture/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <thread>
#include <vector>

#include "capture/reading.hpp"
#include "support/packets.hpp"

using namespace wiretape;
using namespace wiretape::support;
using net::LinkType;

namespace {

std::vector<Record> three_records() {
  return {{.time = {1'700'000'000'123'456'000}, .data = tcp_frame({.payload = "one"})},
          {.time = {1'700'000'001'000'001'000}, .data = "", .original_length = 60},
          {.time = {1'700'000'002'999'999'000}, .data = udp_frame({.payload = "three"}), .original_length = 9000}};
}

// Many records of different sizes, so that reads end inside headers and inside bytes.
std::vector<Record> many_records(std::size_t count) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < count; ++i) {
    records.push_back({.time = {static_cast<std::int64_t>(i) * 1000},
                       .data = std::string(i * 37 % 1500, static_cast<char>('a' + i % 26))});
  }
  return records;
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
  return out;
}

bool same(const Reading& reading, const std::vector<Record>& records) {
  if (reading.packets.size() != records.size()) return false;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (reading.packets[i].data != records[i].data || reading.packets[i].packet.time != records[i].time) return false;
  }
  return true;
}

// Where each record of a pcap file begins, and the file's end.
std::vector<std::size_t> record_offsets(const std::vector<Record>& records) {
  std::vector<std::size_t> offsets = {24};
  for (const Record& record : records) offsets.push_back(offsets.back() + 16 + record.data.size());
  return offsets;
}

// Makes a descriptor the standard input for as long as it lives.
class StandardInput {
 public:
  explicit StandardInput(int descriptor) : saved_(dup(STDIN_FILENO)) {
    REQUIRE(descriptor >= 0);
    if (descriptor == STDIN_FILENO) return;  // the tests were started without one
    REQUIRE(dup2(descriptor, STDIN_FILENO) == STDIN_FILENO);
    close(descriptor);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() {
    if (saved_ < 0) {
      close(STDIN_FILENO);
      return;
    }
    dup2(saved_, STDIN_FILENO);
    close(saved_);
  }

 private:
  int saved_;
};

}  // namespace

TEST_SUITE("capture file") {
  TEST_CASE("pcap in both units and both byte orders") {
    TemporaryFolder folder;
    for (const PcapForm form :
         {PcapForm::little_micro, PcapForm::little_nano, PcapForm::big_micro, PcapForm::big_nano}) {
      CAPTURE(static_cast<int>(form));
      const Reading reading = read_file(folder.file("x.pcap", pcap(three_records(), LinkType::linux_sll, form, 9999)));
      CHECK(reading.error == "");
      REQUIRE(same(reading, three_records()));
      CHECK(reading.packets[0].packet.number == 1);
      CHECK(reading.packets[2].packet.number == 3);
      CHECK(reading.packets[1].packet.original_length == 60);
      CHECK(reading.packets[2].packet.original_length == 9000);
      CHECK(reading.packets[2].packet.link == LinkType::linux_sll);
      CHECK(reading.packets[0].packet.position == 24);
      REQUIRE(reading.source->interfaces().size() == 1);
      CHECK(reading.source->interfaces()[0].link == LinkType::linux_sll);
      CHECK(reading.source->interfaces()[0].snapshot_length == 9999);
      CHECK(reading.source->interfaces()[0].name == "");
    }
  }

  TEST_CASE("nanoseconds are kept") {
    TemporaryFolder folder;
    const Reading reading = read_file(folder.file("x.pcap", pcap({{.time = {1'000'000'001}, .data = "x"}})));
    CHECK(reading.packets.at(0).packet.time.nanoseconds == 1'000'000'001);
  }

  TEST_CASE("a file without packets is read as none") {
    TemporaryFolder folder;
    const Reading reading = read_file(folder.file("x.pcap", pcap({})));
    CHECK(reading.error == "");
    CHECK(reading.packets.empty());
    CHECK(reading.source->interfaces().size() == 1);
  }

  TEST_CASE("a file of the modified form has eight more bytes in front of each packet") {
    TemporaryFolder folder;
    std::string modified = pcap({});
    modified.replace(0, 4, le32(0xa1b2cd34));
    for (const std::string& data : {std::string("first"), std::string("second one")}) {
      const auto size = static_cast<std::uint32_t>(data.size());
      modified += le32(7) + le32(5) + le32(size) + le32(size) + std::string(8, '\xff') + data;
    }
    const auto source = capture::open_file(folder.file("modified", modified));
    REQUIRE(source.has_value());
    const auto batch = (*source)->next();
    REQUIRE(batch.has_value());
    REQUIRE(batch->size() == 2);
    CHECK((*batch)[0].data == "first");
    CHECK((*batch)[0].time.nanoseconds == 7'000'005'000);
    CHECK((*batch)[1].data == "second one");
    const auto again = (*source)->again((*batch)[1].position);
    REQUIRE(again.has_value());
    CHECK(again->data == "second one");
  }

  TEST_CASE("what cannot be opened is said in one sentence") {
    TemporaryFolder folder;
    const std::string missing = (folder.path() / "missing.pcap").string();
    std::string old = pcap({});
    old[4] = 1;
    const struct {
      std::string path, message;
    } rows[] = {
        {missing, "cannot open \"" + missing + "\": No such file or directory"},
        {folder.path().string(), "\"" + folder.path().string() + "\" is a directory, not a capture file"},
        {folder.file("empty", ""), "\"" + (folder.path() / "empty").string() + "\" is empty, not a capture file"},
        {folder.file("text", "hello"),
         "\"" + (folder.path() / "text").string() + "\" is not a capture file (neither pcap nor pcapng)"},
        {folder.file("short", pcap({}).substr(0, 23)),
         "\"" + (folder.path() / "short").string() + "\" is cut off inside its file header"},
        {folder.file("old", old),
         "\"" + (folder.path() / "old").string() + "\" is a pcap file of version 1; version 2 is read"},
    };
    for (const auto& row : rows) {
      const Reading reading = read_file(row.path);
      CHECK(reading.error == row.message);
      CHECK(reading.kind == ErrorKind::input);
    }
  }

  TEST_CASE("a cut file is read up to the cut, and the cut is named, wherever it is") {
    TemporaryFolder folder;
    const auto records = three_records();
    const std::string whole = pcap(records);
    const auto offsets = record_offsets(records);
    for (std::size_t size = 24; size < whole.size(); ++size) {
      CAPTURE(size);
      const std::string path = folder.file("x.pcap", whole.substr(0, size));
      const Reading reading = read_file(path);
      std::size_t complete = 0;
      while (offsets[complete + 1] <= size) ++complete;
      CHECK(reading.packets.size() == complete);
      if (size == offsets[complete]) {
        CHECK(reading.error == "");
        continue;
      }
      const std::string count = complete == 0   ? "no packet was read before it"
                                : complete == 1 ? "1 packet was read before it"
                                                : std::to_string(complete) + " packets were read before it";
      CHECK(reading.error ==
            "\"" + path + "\" is cut off in the record at byte " + std::to_string(offsets[complete]) + "; " + count);
      CHECK(reading.kind == ErrorKind::input);
    }
  }

  TEST_CASE("a record that claims too much is damage, named with its place") {
    TemporaryFolder folder;
    std::string bytes = pcap(three_records());
    const std::size_t second = record_offsets(three_records())[1];
    bytes.replace(second + 8, 4, le32(0x7fffffff));
    const std::string path = folder.file("x.pcap", bytes);
    const Reading reading = read_file(path);
    CHECK(reading.packets.size() == 1);
    CHECK(reading.error == "\"" + path + "\" is damaged at byte " + std::to_string(second) +
                               ": a packet claims 2147483647 captured bytes; 1 packet was read before it");
  }

  TEST_CASE("every single flipped byte is read without harm") {
    TemporaryFolder folder;
    const std::string whole = pcap(three_records());
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char flip : {'\x01', '\x80', '\xff'}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const Reading reading = read_file(folder.file("x.pcap", damaged));
        CHECK((reading.packets.size() == 3 || !reading.error.empty()));
      }
    }
  }

  TEST_CASE("records are whole wherever a read ends") {
    TemporaryFolder folder;
    const auto records = many_records(3000);
    const std::string path = folder.file("x.pcap", pcap(records));
    for (const std::size_t largest_read : {1U << 20U, 4096U, 1000U, 17U}) {
      CAPTURE(largest_read);
      CHECK(same(read_file(path, {.largest_read = largest_read}), records));
    }
  }

  TEST_CASE("a packet larger than a read") {
    TemporaryFolder folder;
    const std::vector<Record> records = {{.data = std::string(3U << 20U, 'x')}, {.data = "small"}};
    CHECK(same(read_file(folder.file("x.pcap", pcap(records))), records));
  }

  TEST_CASE("packets are read again by position, densely, sparsely and backwards") {
    TemporaryFolder folder;
    const auto records = many_records(3000);
    Reading reading = read_file(folder.file("x.pcap", pcap(records)));
    REQUIRE(reading.source->can_read_again());
    const auto check = [&](std::size_t i) {
      const auto packet = reading.source->again(reading.packets[i].packet.position);
      REQUIRE(packet);
      CHECK(packet->data == records[i].data);
      CHECK(packet->time == records[i].time);
      CHECK(packet->position == reading.packets[i].packet.position);
      CHECK(packet->number == 0);
    };
    for (std::size_t i = 0; i < records.size(); ++i) check(i);
    for (std::size_t i = 0; i < records.size(); i += 101) check(i);
    for (std::size_t i = records.size(); i-- > 0;) check(i);
    CHECK_FALSE(reading.source->again(std::uint64_t{1} << 40U));
  }

  TEST_CASE("reading again does not disturb reading on") {
    TemporaryFolder folder;
    const auto records = many_records(1000);
    auto source = capture::open_file(folder.file("x.pcap", pcap(records)));
    REQUIRE(source);
    std::size_t read = 0;
    for (auto batch = (*source)->next(); batch && !batch->empty(); batch = (*source)->next()) {
      CHECK(batch->size() <= 256);
      const std::uint64_t first = batch->front().position;
      for (const net::Packet& packet : *batch) {
        CHECK((*source)->again(first));
        CHECK(packet.data == records[read++].data);
      }
    }
    CHECK(read == records.size());
  }

  TEST_CASE("gzip and zstd are read as what they hold, but not again") {
    TemporaryFolder folder;
    const auto records = many_records(3000);
    const std::string whole = pcap(records);
    const std::string halves = gzip(whole.substr(0, 100'000)) + gzip(whole.substr(100'000));
    for (const std::string& bytes : {gzip(whole), zstd(whole), halves}) {
      Reading reading = read_file(folder.file("x", bytes));
      CHECK(reading.error == "");
      CHECK(same(reading, records));
      CHECK_FALSE(reading.source->can_read_again());
      CHECK(reading.packets.front().packet.position == net::no_position);
      CHECK_FALSE(reading.source->again(24));
    }
  }

  TEST_CASE("compressed data that is cut or damaged") {
    TemporaryFolder folder;
    const std::string whole = pcap(many_records(3000));
    for (const std::string& bytes : {gzip(whole), zstd(whole)}) {
      const std::string path = folder.file("x", bytes.substr(0, bytes.size() / 2));
      const Reading cut = read_file(path);
      CHECK(cut.error == "\"" + path + "\" is cut off: its compressed data does not end");
      CHECK(cut.kind == ErrorKind::input);

      std::string damaged = bytes;
      for (std::size_t i = bytes.size() / 3; i < bytes.size() / 3 + 40; ++i) damaged[i] = '\xff';
      const Reading reading = read_file(folder.file("x", damaged));
      CHECK(reading.error != "");
      CHECK(reading.kind == ErrorKind::input);
    }
  }

  TEST_CASE("a zstd file goes on with what is none: everything before it is read") {
    TemporaryFolder folder;
    const auto records = three_records();
    const std::string skipped("\x57\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
    CHECK(read_file(folder.file("x", zstd(pcap(records)) + skipped)).error == "");
    // The number of a format that was never a standard.
    const std::string path = folder.file("x", zstd(pcap(records)) + std::string("\x27\xB5\x2F\xFD\x00\x00\x00\x00", 8));
    const Reading reading = read_file(path);
    CHECK(reading.error == "\"" + path + "\" is damaged: what follows is no zstd frame");
    CHECK(same(reading, records));
  }

  TEST_CASE("- is standard input: a pipe, or a file from where it stands, which can be read again") {
    TemporaryFolder folder;
    const auto records = three_records();
    {
      int ends[2] = {};
      REQUIRE(pipe(ends) == 0);
      const std::string bytes = pcap(records);
      REQUIRE(write(ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
      close(ends[1]);
      const StandardInput input(ends[0]);
      const Reading reading = read_file("-");
      CHECK(same(reading, records));
      CHECK_FALSE(reading.source->can_read_again());
    }
    const int file = open(folder.file("x", "skipped" + pcap(records)).c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(lseek(file, 7, SEEK_SET) == 7);
    const StandardInput input(file);
    const Reading reading = read_file("-");
    REQUIRE(same(reading, records));
    CHECK(reading.packets[0].packet.position == 7 + 24);
    CHECK(reading.source->again(reading.packets[2].packet.position)->data == records[2].data);
  }

  TEST_CASE("a pipe is read to its end, in whatever pieces it comes, but not again") {
    TemporaryFolder folder;
    const std::string path = (folder.path() / "pipe").string();
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const auto records = many_records(500);
    std::thread writer([&] {
      std::ofstream out(path, std::ios::binary);
      const std::string bytes = pcap(records);
      for (std::size_t at = 0; at < bytes.size(); at += 777) out << bytes.substr(at, 777) << std::flush;
    });
    const Reading reading = read_file(path);
    writer.join();
    CHECK(reading.error == "");
    CHECK(same(reading, records));
    REQUIRE(reading.source);
    CHECK_FALSE(reading.source->can_read_again());
  }
}
