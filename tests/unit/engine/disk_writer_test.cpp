// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_writer.hpp"

#include <cerrno>
#include <map>

#include "engine/support.hpp"

namespace wiretape::engine {
namespace {

using namespace test;

// A disk that can be held up, that fills up, and that remembers what it was given in which order. Nothing is synced:
// that is slow, and proves nothing.
class Disk final : public record::Files {
 public:
  // Writes to a recording's data files wait from now on, until release().
  void hold_up() {
    const std::lock_guard lock(mutex_);
    held_up_ = true;
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      held_up_ = false;
    }
    changed_.notify_all();
  }
  void wait_until_somebody_waits() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_; });
  }
  // From now on there is no room for data.
  void fill() {
    const std::lock_guard lock(mutex_);
    full_ = true;
  }
  // Waits until recording.json has been replaced by a content with this in it.
  void wait_for_description(const std::string& part) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return contains(description_, part); });
  }

  // Ends of the names of data files, in the order in which they were written to.
  [[nodiscard]] std::vector<std::string> writes() {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  [[nodiscard]] std::size_t attempts_when_full() {
    const std::lock_guard lock(mutex_);
    return attempts_when_full_;
  }

  int openat(int folder, const char* name, int flags, mode_t mode) override {
    const int file = Files::openat(folder, name, flags, mode);
    const std::lock_guard lock(mutex_);
    if (file >= 0) names_[file] = name;
    return file;
  }
  ssize_t pwrite(int file, const char* from, std::size_t count, std::uint64_t at) override {
    {
      std::unique_lock lock(mutex_);
      const std::string& name = names_[file];
      if (name.starts_with("recording.json")) {
        being_described_ = std::string(from, count);
      } else if (name.starts_with("000")) {
        writes_.push_back(name.substr(name.find('.')));
        waiting_ = held_up_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held_up_; });
        waiting_ = false;
        attempts_when_full_ += full_ ? 1 : 0;
        if (full_) return -ENOSPC;
      }
    }
    return Files::pwrite(file, from, count, at);
  }
  int renameat(int folder, const char* from, int to_folder, const char* to) override {
    const int done = Files::renameat(folder, from, to_folder, to);
    if (std::string_view(to) != "recording.json") return done;
    {
      const std::lock_guard lock(mutex_);
      description_ = being_described_;
    }
    changed_.notify_all();
    return done;
  }
  int fdatasync(int) override { return 0; }
  int fsync(int) override { return 0; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, std::string> names_;
  std::vector<std::string> writes_;
  std::string being_described_, description_;
  bool held_up_ = false, waiting_ = false, full_ = false;
  std::size_t attempts_when_full_ = 0;
};

class Tape {
 public:
  Tape() : recording_(begin()) { REQUIRE(recording_.start_iteration({0}, {0}).has_value()); }

  [[nodiscard]] record::Recording& recording() { return recording_; }
  [[nodiscard]] std::string folder() const { return desk_.store() + "/tape/19700101T000000Z"; }
  [[nodiscard]] record::State state() const { return desk_.found("tape").description.state; }
  Disk disk;

 private:
  record::Recording begin() {
    record::Job job;
    job.name = "tape";
    auto made = record::Store(desk_.store(), disk).create(job, {0});
    REQUIRE_MESSAGE(made.has_value(), outcome(made));
    return *std::move(made);
  }
  Desk desk_;
  record::Recording recording_;
};

// A packet, its stream's line and its call's.
WriteBatch batch_of(const std::string& name) {
  WriteBatch batch;
  batch.packets.append(support::captured(name));
  batch.stream_lines = "{\"stream\":\"" + name + "\"}\n";
  batch.call_lines = "{\"call\":\"" + name + "\"}\n";
  return batch;
}

TEST_SUITE("engine disk writer") {
  TEST_CASE("every batch goes to the kernel packets first, then streams, then calls") {
    Tape tape;
    DiskWriter writer(tape.recording(), 1U << 20U);
    for (const std::string name : {"a", "b"}) {
      WriteBatch batch = batch_of(name);
      writer.submit(batch, {});
      CHECK(batch.empty());
      writer.flush();
    }
    // Each file begins with its first batch: a pcap with its header.
    CHECK(tape.disk.writes() == std::vector<std::string>{".pcap", ".pcap", ".streams.ndjson", ".calls.ndjson", ".pcap",
                                                         ".streams.ndjson", ".calls.ndjson"});
    CHECK(writer.finish().has_value());
    CHECK_FALSE(writer.failed());
  }

  TEST_CASE("after a flush everything submitted can be read by others") {
    Tape tape;
    DiskWriter writer(tape.recording(), 1U << 20U);
    writer.flush();  // of nothing
    for (int i = 0; i < 100; ++i) {
      WriteBatch batch = batch_of(std::to_string(i));
      writer.submit(batch, {});
    }
    writer.flush();
    CHECK(lines_of(tape.folder() + "/000001.calls.ndjson").size() == 100);
    CHECK(lines_of(tape.folder() + "/000001.streams.ndjson").size() == 100);
    CHECK(writer.finish().has_value());
  }

  TEST_CASE("what is still queued at the end is written") {
    Tape tape;
    DiskWriter writer(tape.recording(), 1U << 20U);
    tape.disk.hold_up();
    for (int i = 0; i < 10; ++i) {
      WriteBatch batch = batch_of(std::to_string(i));
      writer.submit(batch, {});
    }
    tape.disk.release();
    CHECK(writer.finish().has_value());
    CHECK(lines_of(tape.folder() + "/000001.calls.ndjson").size() == 10);
  }

  TEST_CASE("a disk that fills up is reported once, and nothing more is tried") {
    Tape tape;
    DiskWriter writer(tape.recording(), 1U << 20U);
    WriteBatch first = batch_of("a");
    writer.submit(first, {});
    writer.flush();
    tape.disk.fill();
    for (int i = 0; i < 5; ++i) {
      WriteBatch batch = batch_of("b");
      writer.submit(batch, {});
      writer.flush();
      CHECK(writer.failed());
    }
    const auto done = writer.finish();
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().kind == ErrorKind::write);
    CHECK(contains(done.error().message, "No space left on device"));
    CHECK(tape.disk.attempts_when_full() == 1);
    CHECK(lines_of(tape.folder() + "/000001.calls.ndjson") == std::vector<std::string>{"{\"call\":\"a\"}"});
  }

  TEST_CASE("who submits more than may wait waits for the disk, and nothing is lost") {
    Tape tape;
    const std::size_t one = batch_of("a").size();
    DiskWriter writer(tape.recording(), one + one / 2);
    tape.disk.hold_up();
    WriteBatch first = batch_of("a"), second = batch_of("b");
    writer.submit(first, {});
    tape.disk.wait_until_somebody_waits();
    CHECK(writer.waits() == 0);
    std::thread disk_recovers([&] {
      while (writer.waits() == 0) std::this_thread::yield();
      tape.disk.release();
    });
    writer.submit(second, {});
    disk_recovers.join();
    CHECK(writer.waits() == 1);
    CHECK(writer.finish().has_value());
    CHECK(lines_of(tape.folder() + "/000001.calls.ndjson").size() == 2);
  }

  TEST_CASE("a batch larger than all that may wait is taken when nothing else waits") {
    Tape tape;
    DiskWriter writer(tape.recording(), 1);
    for (const std::string name : {"a", "b", "c"}) {
      WriteBatch batch = batch_of(name);
      writer.submit(batch, {});
    }
    CHECK(writer.finish().has_value());
    CHECK(lines_of(tape.folder() + "/000001.calls.ndjson").size() == 3);
  }

  TEST_CASE("the numbers so far reach recording.json while it is being written") {
    Tape tape;
    DiskWriter writer(tape.recording(), 1U << 20U);
    WriteBatch batch = batch_of("a");
    writer.submit(batch, {.packets = 4711});
    tape.disk.wait_for_description("4711");
    CHECK(tape.state() == record::State::recording);
    CHECK(writer.finish().has_value());
  }

  TEST_CASE("a writer that goes out of scope has written what it was given") {
    Tape tape;
    {
      DiskWriter writer(tape.recording(), 1U << 20U);
      WriteBatch batch = batch_of("a");
      writer.submit(batch, {});
    }
    CHECK(lines_of(tape.folder() + "/000001.calls.ndjson").size() == 1);
  }
}

}  // namespace
}  // namespace wiretape::engine
