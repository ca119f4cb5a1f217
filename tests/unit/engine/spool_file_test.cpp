// SPDX-License-Identifier: Apache-2.0
#include "engine/spool_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "flow/backlog.hpp"

namespace wiretape::engine {
namespace {

namespace fs = std::filesystem;

// A new folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "wiretape-spool-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] bool empty() const { return fs::is_empty(path_); }

 private:
  fs::path path_;
};

// A disk that can be interrupted, take little at a time, be full, break, or know no files without names.
class Disk final : public record::Files {
 public:
  int openat(int folder, const char* name, int flags, mode_t mode) override {
    ++opened;
    if (no_unnamed && (flags & O_TMPFILE) == O_TMPFILE) return -EOPNOTSUPP;
    const int file = Files::openat(folder, name, flags, mode);
    if (file >= 0) Files::fstat(file, status);
    return file;
  }
  ssize_t pwrite(int file, const char* from, std::size_t count, std::uint64_t at) override {
    ++writes;
    if (write_error != 0) return -write_error;
    if (interrupt && writes % 2 == 0) return -EINTR;
    return Files::pwrite(file, from, interrupt ? (count + 2) / 3 : count, at);
  }
  ssize_t pread(int file, char* to, std::size_t count, std::uint64_t at) override {
    ++reads;
    if (read_error != 0) return -read_error;
    if (interrupt && reads % 2 == 0) return -EINTR;
    return Files::pread(file, to, interrupt ? (count + 2) / 3 : count, at);
  }

  struct stat status {};  // of the file, when it was opened
  std::size_t opened = 0;
  std::size_t writes = 0;
  std::size_t reads = 0;
  int write_error = 0;
  int read_error = 0;
  bool interrupt = false;
  bool no_unnamed = false;
};

constexpr std::uint64_t mebibyte = 1U << 20U;

std::string bytes_at(SpoolFile& spool, flow::Spool::Place place, std::size_t size) {
  std::string bytes(size, '?');
  return spool.get(place, bytes) ? bytes : "cannot be read";
}

std::string noise(std::mt19937& random, std::size_t size) {
  std::string bytes(size, ' ');
  for (char& byte : bytes) byte = static_cast<char>('a' + random() % 26);
  return bytes;
}

}  // namespace

TEST_SUITE("spool file") {
  TEST_CASE("the file is made when it is needed, has no name, and is nobody else's") {
    for (const bool no_unnamed : {false, true}) {
      CAPTURE(no_unnamed);
      const Folder folder;
      Disk disk;
      disk.no_unnamed = no_unnamed;
      SpoolFile spool(disk, AT_FDCWD, folder.path(), mebibyte);
      CHECK(disk.opened == 0);
      const auto place = spool.put("held back");
      REQUIRE(place.has_value());
      CHECK(folder.empty());
      CHECK((disk.status.st_mode & 0777U) == 0600);
      CHECK(bytes_at(spool, *place, 9) == "held back");
      const std::size_t opened = disk.opened;
      CHECK(spool.put("more").has_value());
      CHECK(disk.opened == opened);
      CHECK_FALSE(spool.error().has_value());
    }
  }

  TEST_CASE("the file can be made below a descriptor, before it is needed") {
    const Folder folder;
    Disk disk;
    const record::Descriptor parent(disk.openat(AT_FDCWD, folder.path().c_str(), O_RDONLY | O_DIRECTORY, 0));
    SpoolFile spool(disk, parent.number(), ".", mebibyte);
    CHECK(spool.open().has_value());
    CHECK(spool.open().has_value());
    CHECK(disk.opened == 2);
    CHECK(spool.put("x").has_value());
    CHECK(folder.empty());
  }

  TEST_CASE("where no file can be made the error says so, and nothing is taken") {
    SpoolFile spool(record::system_files(), AT_FDCWD, "/nowhere/at/all", mebibyte);
    CHECK_FALSE(spool.put("x").has_value());
    CHECK_FALSE(spool.put("x").has_value());
    REQUIRE(spool.error().has_value());
    CHECK(spool.error()->message == "cannot make a spool file in /nowhere/at/all: No such file or directory");
    CHECK(spool.error()->kind == ErrorKind::write);
    CHECK_FALSE(spool.open().has_value());
    CHECK(spool.counts().bytes == 0);
  }

  TEST_CASE("what was put comes back wherever it moved, on a disk that does little at a time") {
    for (const bool interrupt : {false, true}) {
      CAPTURE(interrupt);
      const Folder folder;
      Disk disk;
      disk.interrupt = interrupt;
      SpoolFile spool(disk, AT_FDCWD, folder.path(), 4 * mebibyte);
      std::mt19937 random(5);
      std::map<flow::Spool::Place, std::string> model;
      std::size_t full = 0;
      bool same = true;
      for (int i = 0; i < 4000 && same; ++i) {
        const std::size_t size = 1 + (random() % 20 == 0 ? random() % 100'000 : random() % 3000);
        const auto any = model.empty() ? model.end()
                                       : std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
        const auto what = random() % 10;
        if (what < 5 || any == model.end()) {
          std::string bytes = noise(random, size);
          const auto place = spool.put(bytes);
          full += place ? 0 : 1;
          if (place) same = model.emplace(*place, std::move(bytes)).second;
        } else if (what < 8) {
          std::string bytes = any->second;
          const std::string more = noise(random, size);
          const auto place = spool.append(any->first, bytes.size(), more);
          same = bytes_at(spool, place.value_or(any->first), bytes.size()) == bytes;
          full += place ? 0 : 1;
          if (!place) continue;
          model.erase(any);
          same = same && model.emplace(*place, bytes + more).second;
        } else {
          same = bytes_at(spool, any->first, any->second.size()) == any->second;
          spool.give_back(any->first, any->second.size());
          model.erase(any);
        }
        same = same && spool.counts().bytes <= 4 * mebibyte;
      }
      CHECK(same);
      CHECK(full > 0);
      for (const auto& [place, bytes] : model) {
        REQUIRE(bytes_at(spool, place, bytes.size()) == bytes);
        spool.give_back(place, bytes.size());
      }
      CHECK(spool.counts().bytes == 0);
      CHECK(spool.counts().most_bytes > 3 * mebibyte);
      CHECK(spool.counts().blocks > 2000);
      CHECK_FALSE(spool.error().has_value());
    }
  }

  TEST_CASE("a full disk is told once and not tried again; what is in the file can still be read") {
    const Folder folder;
    Disk disk;
    SpoolFile spool(disk, AT_FDCWD, folder.path(), mebibyte);
    const auto kept = spool.put("kept");
    REQUIRE(kept.has_value());
    const auto taken = spool.counts().bytes;
    disk.write_error = ENOSPC;
    const struct {
      std::string name;
      std::size_t more;
    } rows[] = {{"in its slot", 10}, {"into a larger one", 1000}};
    for (const auto& row : rows) {
      CAPTURE(row.name);
      CHECK_FALSE(spool.append(*kept, 4, std::string(row.more, 'x')).has_value());
      CHECK(bytes_at(spool, *kept, 4) == "kept");
    }
    REQUIRE(spool.error().has_value());
    CHECK(spool.error()->message == "cannot write the spool file in " + folder.path() + ": No space left on device");
    const std::size_t writes = disk.writes;
    disk.write_error = 0;
    CHECK_FALSE(spool.put("more").has_value());
    CHECK_FALSE(spool.append(*kept, 4, "x").has_value());
    CHECK(disk.writes == writes);
    CHECK(spool.counts().bytes == taken);
    CHECK(bytes_at(spool, *kept, 4) == "kept");
  }

  TEST_CASE("a put that fails leaves no place taken") {
    const Folder folder;
    Disk disk;
    SpoolFile spool(disk, AT_FDCWD, folder.path(), mebibyte);
    REQUIRE(spool.open().has_value());
    disk.write_error = EIO;
    CHECK_FALSE(spool.put("x").has_value());
    CHECK(spool.counts().bytes == 0);
    CHECK(spool.error()->kind == ErrorKind::write);
  }

  TEST_CASE("a disk that cannot be read back says so") {
    const Folder folder;
    Disk disk;
    SpoolFile spool(disk, AT_FDCWD, folder.path(), mebibyte);
    const auto place = spool.put("lost");
    disk.read_error = EIO;
    CHECK(bytes_at(spool, *place, 4) == "cannot be read");
    REQUIRE(spool.error().has_value());
    CHECK(spool.error()->kind == ErrorKind::read);
    CHECK_FALSE(spool.put("more").has_value());
  }

  TEST_CASE("several threads use one file") {
    const Folder folder;
    SpoolFile spool(record::system_files(), AT_FDCWD, folder.path(), 8 * mebibyte);
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (unsigned worker = 0; worker < wrong.size(); ++worker) {
      threads.emplace_back([&, worker] {
        std::mt19937 random(worker);
        for (int round = 0; round < 200; ++round) {
          const std::string bytes = noise(random, 1 + random() % 20'000);
          const std::string more = noise(random, 1 + random() % 20'000);
          auto place = spool.put(bytes);
          if (place) place = spool.append(*place, bytes.size(), more);
          if (!place || bytes_at(spool, *place, bytes.size() + more.size()) != bytes + more) ++wrong[worker];
          if (place) spool.give_back(*place, bytes.size() + more.size());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4));
    CHECK(spool.counts().bytes == 0);
  }

  TEST_CASE("what memory has no room for comes back from the file, in order") {
    const Folder folder;
    SpoolFile spool(record::system_files(), AT_FDCWD, folder.path(), 64 * mebibyte);
    flow::BacklogBudget budget(mebibyte, 1);
    flow::Backlog backlog(budget, &spool);
    const std::string data(900, 'x');
    for (std::uint64_t i = 0; i < 400; ++i) {
      for (flow::FlowId flow = 0; flow < 20; ++flow) {
        backlog.hold(flow, {.time = {static_cast<std::int64_t>(i)}, .data = data, .number = i});
      }
    }
    CHECK(spool.counts().bytes >= backlog.spooled());
    CHECK(backlog.spooled() > 5 * mebibyte);
    for (flow::FlowId flow = 0; flow < 20; ++flow) {
      std::uint64_t next = 0;
      bool same = true;
      const flow::Cut cut = backlog.release(
          flow, [&](const net::Packet& packet) { same = same && packet.number == next++ && packet.data == data; });
      CHECK(same);
      CHECK(next == 400);
      CHECK(cut.packets == 0);
    }
    CHECK(spool.counts().bytes == 0);
  }

  TEST_CASE("a file that broke: what it had is counted as cut, and the error is told") {
    const Folder folder;
    Disk disk;
    SpoolFile spool(disk, AT_FDCWD, folder.path(), 64 * mebibyte);
    flow::BacklogBudget budget(mebibyte, 1);
    flow::Backlog backlog(budget, &spool);
    const std::string data(900, 'x');
    const auto hold_some = [&](std::uint64_t from, std::uint64_t to) {
      for (std::uint64_t i = from; i < to; ++i) backlog.hold(0, {.data = data, .number = i});
    };
    hold_some(0, 3000);
    disk.write_error = EIO;
    hold_some(3000, 6000);
    CHECK(backlog.cut(0).packets > 1500);
    CHECK(spool.error()->message == "cannot write the spool file in " + folder.path() + ": Input/output error");
    disk.read_error = EIO;
    std::uint64_t told = 0;
    const flow::Cut cut = backlog.release(0, [&told](const net::Packet&) { ++told; });
    CHECK(told > 0);
    CHECK(told + cut.packets == 6000);
    CHECK(spool.counts().bytes == 0);
  }
}

TEST_SUITE("spool space") {
  TEST_CASE("what bytes take: a power of two, or whole units") {
    const struct {
      std::size_t size, slot;
    } rows[] = {{1, 512},         {512, 512},       {513, 1024},      {16'384, 16'384},
                {16'385, 32'768}, {32'768, 32'768}, {32'769, 65'536}, {100'000, 131'072}};
    for (const auto& row : rows) {
      CAPTURE(row.size);
      CHECK(SpoolSpace::slot(row.size) == row.slot);
    }
  }

  TEST_CASE("no two places overlap, and all of the limit can be taken") {
    for (const std::size_t size : {1UL, 600UL, 2000UL, 4096UL, 5000UL, 9000UL, 20'000UL, 60'000UL}) {
      CAPTURE(size);
      SpoolSpace space(mebibyte + 5);
      const std::size_t slot = SpoolSpace::slot(size);
      std::vector<bool> taken(mebibyte / SpoolSpace::step);
      std::size_t count = 0;
      bool apart = true;
      while (const auto place = space.take(size)) {
        ++count;
        for (std::size_t at = *place; at < *place + slot / SpoolSpace::step; ++at) {
          apart = apart && !taken.at(at);
          taken.at(at) = true;
        }
      }
      CHECK(apart);
      CHECK(count == mebibyte / slot);
      CHECK(space.used() == count * slot);
    }
  }

  TEST_CASE("what small blocks gave back serves large ones, and the other way round") {
    SpoolSpace space(mebibyte);
    for (const std::size_t size : {500UL, 100'000UL, 3000UL, 32'768UL, 500UL, mebibyte}) {
      CAPTURE(size);
      std::vector<SpoolSpace::Place> places;
      while (const auto place = space.take(size)) places.push_back(*place);
      CHECK(places.size() == mebibyte / SpoolSpace::slot(size));
      for (const auto place : places) space.give_back(place, size);
      CHECK(space.used() == 0);
    }
    CHECK(space.memory() < 2000);
  }

  TEST_CASE("a limit below one unit takes nothing, and what is larger than the limit has no place") {
    SpoolSpace none(SpoolSpace::unit - 1);
    CHECK_FALSE(none.take(1).has_value());
    SpoolSpace one(SpoolSpace::unit);
    CHECK_FALSE(one.take(SpoolSpace::unit + 1).has_value());
    CHECK_FALSE(one.take(std::size_t{1} << 50U).has_value());
    CHECK(one.take(SpoolSpace::unit).has_value());
    CHECK_FALSE(one.take(1).has_value());
  }

  TEST_CASE("a gap between what is taken serves what fits into it") {
    SpoolSpace space(8 * SpoolSpace::unit);
    std::vector<SpoolSpace::Place> units;
    while (const auto place = space.take(SpoolSpace::unit)) units.push_back(*place);
    space.give_back(units[1], SpoolSpace::unit);
    space.give_back(units[4], SpoolSpace::unit);
    space.give_back(units[5], SpoolSpace::unit);
    CHECK_FALSE(space.take(3 * SpoolSpace::unit).has_value());
    CHECK(space.take(2 * SpoolSpace::unit) == units[4]);
    CHECK(space.take(100) == units[1]);
    CHECK(space.take(SpoolSpace::unit / 2) == std::nullopt);
    CHECK(space.take(100).has_value());
  }
}

}  // namespace wiretape::engine
