// SPDX-License-Identifier: Apache-2.0
#include "record/support.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace wiretape::record::test {
std::string path_of(int descriptor) {
  std::array<char, 4096> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return {path.data(), length < 0 ? 0 : static_cast<std::size_t>(length)};
}

namespace {

std::string path_of(int folder, const char* name) {
  return folder == AT_FDCWD ? name : test::path_of(folder) + '/' + name;
}

}  // namespace

TempFolder::TempFolder() {
  const char* const base = std::getenv("TMPDIR");
  path_ = std::string(base == nullptr ? "/tmp" : base) + "/wiretape-record-XXXXXX";
  REQUIRE(::mkdtemp(path_.data()) != nullptr);
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

std::map<std::string, std::string> tree(const std::string& path) {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || name == lock_file || name == reserve_file) continue;
    found[std::filesystem::relative(entry.path(), path)] = read_file(entry.path());
  }
  return found;
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

int FailingFiles::next_call() {
  ++calls_;
  if (fail_at_ == 0 || calls_ < fail_at_) return 0;
  return calls_ == fail_at_ || then_ == Then::for_good ? -error_ : 0;
}

int FailingFiles::openat(int folder, const char* name, int flags, mode_t mode) {
  const int failed = (flags & O_CREAT) != 0 ? next_call() : 0;
  return failed != 0 ? failed : Files::openat(folder, name, flags, mode);
}
int FailingFiles::mkdirat(int folder, const char* name, mode_t mode) {
  const int failed = next_call();
  return failed != 0 ? failed : Files::mkdirat(folder, name, mode);
}
ssize_t FailingFiles::pwrite(int file, const char* from, std::size_t count, std::uint64_t at) {
  const int failed = next_call();
  if (failed == 0) return Files::pwrite(file, from, count, at);
  if (half_written_ || count == 1) return failed;
  // A full disk takes what still fits, and says so when it is asked again.
  half_written_ = true;
  ++fail_at_;
  return Files::pwrite(file, from, count / 2, at);
}
int FailingFiles::fdatasync(int) {
  return next_call();
}
int FailingFiles::fsync(int) {
  return next_call();
}
int FailingFiles::renameat(int folder, const char* from, int to_folder, const char* to) {
  const int failed = next_call();
  return failed != 0 ? failed : Files::renameat(folder, from, to_folder, to);
}

ssize_t SmallDisk::pwrite(int file, const char* from, std::size_t count, std::uint64_t at) {
  if (free_ == 0) return -ENOSPC;
  const std::size_t part = std::min<std::size_t>(count, free_);
  free_ -= part;
  return Files::pwrite(file, from, part, at);
}
int SmallDisk::ftruncate(int file, std::uint64_t size) {
  struct stat status {};
  if (fstat(file, status) == 0) free_ += static_cast<std::uint64_t>(status.st_size) - size;
  return Files::ftruncate(file, size);
}
int SmallDisk::renameat(int folder, const char* from, int to_folder, const char* to) {
  give_back(to_folder, to);
  return Files::renameat(folder, from, to_folder, to);
}
int SmallDisk::unlinkat(int folder, const char* name, int flags) {
  give_back(folder, name);
  return Files::unlinkat(folder, name, flags);
}
void SmallDisk::give_back(int folder, const char* name) {
  struct stat status {};
  if (fstatat(folder, name, status) == 0 && S_ISREG(status.st_mode))
    free_ += static_cast<std::uint64_t>(status.st_size);
}

int ForgetfulFiles::openat(int folder, const char* name, int flags, mode_t mode) {
  const bool is_new = (flags & O_CREAT) != 0 && ::faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
  const int file = Files::openat(folder, name, flags, mode);
  if (file >= 0 && is_new) unsynced_names_[path_of(folder)].insert(name);
  return file;
}
int ForgetfulFiles::mkdirat(int folder, const char* name, mode_t mode) {
  const int made = Files::mkdirat(folder, name, mode);
  const std::filesystem::path path = path_of(folder, name);
  if (made == 0) unsynced_names_[path.parent_path()].insert(path.filename());
  return made;
}
ssize_t ForgetfulFiles::pwrite(int file, const char* from, std::size_t count, std::uint64_t at) {
  unsynced_bytes_.try_emplace(path_of(file), at);
  return Files::pwrite(file, from, count, at);
}
int ForgetfulFiles::fdatasync(int file) {
  unsynced_bytes_.erase(path_of(file));
  return 0;
}
int ForgetfulFiles::fsync(int file) {
  unsynced_names_.erase(path_of(file));
  return 0;
}
int ForgetfulFiles::renameat(int folder, const char* from, int to_folder, const char* to) {
  // The worst that can come of a rename: the new name is there, and the content that was not synced is not.
  if (const auto bytes = unsynced_bytes_.extract(path_of(folder, from)); !bytes.empty()) {
    unsynced_bytes_[path_of(to_folder, to)] = bytes.mapped();
  }
  auto& names = unsynced_names_[path_of(folder)];
  if (names.erase(from) != 0 && ::faccessat(to_folder, to, F_OK, AT_SYMLINK_NOFOLLOW) != 0) names.insert(to);
  return Files::renameat(folder, from, to_folder, to);
}

void ForgetfulFiles::cut_power() {
  for (const auto& [path, size] : unsynced_bytes_) {
    if (std::filesystem::exists(path)) std::filesystem::resize_file(path, size);
  }
  for (const auto& [folder, names] : unsynced_names_) {
    for (const std::string& name : names) std::filesystem::remove_all(std::filesystem::path(folder) / name);
  }
}

net::Packet packet(double time, std::string_view data, net::LinkType link) {
  net::Packet packet;
  packet.time = a_morning + Duration{std::llround(time * 1e9)};
  packet.data = data;
  packet.original_length = static_cast<std::uint32_t>(data.size());
  packet.link = link;
  return packet;
}

Job job_named(std::string name) {
  Job job;
  job.name = std::move(name);
  job.statement = "http and response.status == 500";
  job.files = {"in.pcap"};
  return job;
}

std::string small_recording(const TempFolder& store, const std::string& name) {
  auto recording = Store(store.path()).create(job_named(name), a_morning);
  REQUIRE(outcome(recording) == "ok");
  auto writer = recording->start_iteration(a_morning, a_morning);
  REQUIRE(outcome(writer) == "ok");
  REQUIRE(outcome((*writer)->packet(packet(2, "second"))) == "ok");
  REQUIRE(outcome((*writer)->packet(packet(1, "first"))) == "ok");
  REQUIRE(outcome((*writer)->stream(R"({"id":"000000000000"})")) == "ok");
  REQUIRE(outcome((*writer)->call(R"({"id":"0-0"})")) == "ok");
  REQUIRE(outcome((*writer)->close_segment()) == "ok");
  REQUIRE(outcome((*writer)->packet(packet(3, "third"))) == "ok");
  REQUIRE(outcome((*writer)->stream(R"({"id":"000000000001"})")) == "ok");
  REQUIRE(outcome((*writer)->call(R"({"id":"1-0"})")) == "ok");
  Totals totals;
  totals.calls = 2;
  REQUIRE(outcome(recording->finish({.state = State::completed, .reason = {}, .at = a_morning + Duration::seconds(9)},
                                    totals)) == "ok");
  return recording->path();
}

std::vector<Stored> packets_of(std::string_view pcap) {
  std::vector<Stored> packets;
  Cursor in(pcap);
  in.skip(pcap_header_size);
  while (in.left() != 0) {
    const std::int64_t seconds = in.le32();
    const std::int64_t nanoseconds = in.le32();
    const std::uint32_t length = in.le32();
    in.skip(4);
    const Bytes data = in.take(length);
    REQUIRE(in.ok());
    packets.push_back({.time = seconds * 1'000'000'000 + nanoseconds, .data = std::string(data)});
  }
  return packets;
}

}  // namespace wiretape::record::test
