// SPDX-License-Identifier: Apache-2.0
// A private folder for a test, file systems that fail, and recordings small enough to be damaged everywhere.
// The file systems here do not sync for real: that is slow, and proves nothing.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/packet.hpp"
#include "record/files.hpp"
#include "record/store.hpp"

namespace wiretape::record::test {

// "ok", or the error's sentence: so that a failed check says why.
template <class T>
std::string outcome(const Result<T>& result) {
  return result ? "ok" : result.error().message;
}

// Lives as long as the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(std::string_view name) const { return path_ + '/' + std::string(name); }

 private:
  std::string path_;
};

// Of an open file or folder, as the system knows it.
std::string path_of(int descriptor);
std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view content);
// All files below a folder with their contents, by relative path; "lock" and "reserve" are left out.
std::map<std::string, std::string> tree(const std::string& path);
std::vector<std::string> names_in(const std::string& path);

// Lets the n-th call that changes something fail, and all after it when `for_good`. Removing always works.
class FailingFiles final : public Files {
 public:
  enum class Then { only_once, for_good };
  // `call` counts from 1; 0 fails never. Of a failing write, half is written.
  FailingFiles(std::uint64_t call, int error, Then then) : fail_at_(call), error_(error), then_(then) {}

  [[nodiscard]] std::uint64_t calls() const { return calls_; }

  int openat(int folder, const char* name, int flags, mode_t mode) override;
  int mkdirat(int folder, const char* name, mode_t mode) override;
  ssize_t pwrite(int file, const char* from, std::size_t count, std::uint64_t at) override;
  int fdatasync(int file) override;
  int fsync(int file) override;
  int renameat(int folder, const char* from, int to_folder, const char* to) override;

 private:
  // The error that this call has to give, 0 for none.
  int next_call();

  std::uint64_t fail_at_;
  int error_;
  Then then_;
  std::uint64_t calls_ = 0;
  bool half_written_ = false;
};

// A disk of so many bytes, of which removed files give theirs back.
class SmallDisk final : public Files {
 public:
  explicit SmallDisk(std::uint64_t bytes) : free_(bytes) {}
  ssize_t pwrite(int file, const char* from, std::size_t count, std::uint64_t at) override;
  int ftruncate(int file, std::uint64_t size) override;
  int renameat(int folder, const char* from, int to_folder, const char* to) override;
  int unlinkat(int folder, const char* name, int flags) override;
  int fdatasync(int) override { return 0; }
  int fsync(int) override { return 0; }

 private:
  void give_back(int folder, const char* name);

  std::uint64_t free_;
};

// Remembers what has reached the disk, so that a power cut can take the rest away: bytes of a file that were not
// synced, names in a folder that were not synced.
class ForgetfulFiles final : public Files {
 public:
  // Everything unsynced is lost.
  void cut_power();

  int openat(int folder, const char* name, int flags, mode_t mode) override;
  int mkdirat(int folder, const char* name, mode_t mode) override;
  ssize_t pwrite(int file, const char* from, std::size_t count, std::uint64_t at) override;
  int fdatasync(int file) override;
  int fsync(int file) override;
  int renameat(int folder, const char* from, int to_folder, const char* to) override;

 private:
  std::map<std::string, std::uint64_t> unsynced_bytes_;          // by path: what would be left
  std::map<std::string, std::set<std::string>> unsynced_names_;  // by folder
};

inline constexpr Timestamp a_morning{1'717'490'700'000'000'000};  // 2024-06-04T08:45:00Z

// `time` in seconds after a_morning.
net::Packet packet(double time, std::string_view data, net::LinkType link = net::LinkType::ethernet);

Job job_named(std::string name);

// A finished recording of three packets in two segments, with lines; gives its path.
std::string small_recording(const TempFolder& store, const std::string& name = "small");

// The packets of a pcap of ours: (time in nanoseconds, bytes).
struct Stored {
  std::int64_t time;
  std::string data;
  bool operator==(const Stored&) const = default;
};
std::vector<Stored> packets_of(std::string_view pcap);

}  // namespace wiretape::record::test
