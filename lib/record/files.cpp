// SPDX-License-Identifier: Apache-2.0
#include "record/files.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "record/format.hpp"

namespace wiretape::record {
namespace {

constexpr mode_t folder_mode = 0700;
constexpr mode_t file_mode = 0600;
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

template <class Number>
Number answer(Number number) {
  return number < 0 ? static_cast<Number>(-errno) : number;
}

// A lock of the open file rather than of the process: it can be asked for without being taken, so looking at a
// recording never keeps another process from going on with it.
int lock_call(int file, int command, struct flock& lock) {
  lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return answer(fcntl(file, command, &lock));
}

// Makes a folder that will still be there when the power fails.
int make_path(Files& files, const std::string& path) {
  const int made = files.mkdirat(AT_FDCWD, path.c_str(), folder_mode);
  if (made < 0) return made;
  const std::size_t slash = path.rfind('/', path.size() - 2);
  const auto parent = Folder::open(files, slash == std::string::npos ? "." : path.substr(0, slash + 1));
  if (parent) (void)parent->sync();
  return made;
}

std::int64_t bytes_of(int folder, fsblkcnt_t statvfs::*blocks) {
  struct statvfs status {};
  if (fstatvfs(folder, &status) < 0) return -errno;
  constexpr std::uint64_t most = INT64_MAX;
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(std::uint64_t{status.*blocks}, std::uint64_t{status.f_frsize}, &bytes)) bytes = most;
  return static_cast<std::int64_t>(std::min(bytes, most));
}

Result<std::uint64_t> bytes_or_error(std::int64_t bytes, const std::string& path) {
  if (bytes < 0) return system_error("read", path, static_cast<int>(-bytes), ErrorKind::read);
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace

int Files::openat(int folder, const char* name, int flags, mode_t mode) {
  return answer(::openat(folder, name, flags, mode));
}
int Files::mkdirat(int folder, const char* name, mode_t mode) {
  return answer(::mkdirat(folder, name, mode));
}
ssize_t Files::pread(int file, char* to, std::size_t count, std::uint64_t at) {
  return answer(::pread(file, to, count, static_cast<off_t>(at)));
}
ssize_t Files::pwrite(int file, const char* from, std::size_t count, std::uint64_t at) {
  return answer(::pwrite(file, from, count, static_cast<off_t>(at)));
}
int Files::ftruncate(int file, std::uint64_t size) {
  return answer(::ftruncate(file, static_cast<off_t>(size)));
}
int Files::fdatasync(int file) {
  return answer(::fdatasync(file));
}
int Files::fsync(int file) {
  return answer(::fsync(file));
}
int Files::renameat(int folder, const char* from, int to_folder, const char* to) {
  return answer(::renameat(folder, from, to_folder, to));
}
int Files::unlinkat(int folder, const char* name, int flags) {
  return answer(::unlinkat(folder, name, flags));
}
int Files::lock(int file) {
  struct flock lock {};
  return lock_call(file, F_OFD_SETLK, lock);
}
int Files::locked(int file) {
  struct flock lock {};
  const int status = lock_call(file, F_OFD_GETLK, lock);
  return status < 0 ? status : static_cast<int>(lock.l_type != F_UNLCK);
}
int Files::fstat(int file, struct stat& status) {
  return answer(::fstat(file, &status));
}
int Files::fstatat(int folder, const char* name, struct stat& status) {
  return answer(::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW));
}
std::int64_t Files::free_bytes(int folder) {
  return bytes_of(folder, &statvfs::f_bavail);
}
std::int64_t Files::total_bytes(int folder) {
  return bytes_of(folder, &statvfs::f_blocks);
}

Files& system_files() {
  static Files files;
  return files;
}

Error system_error(std::string_view action, std::string_view path, int error, ErrorKind otherwise) {
  ErrorKind kind = otherwise;
  if (error == EACCES || error == EPERM) kind = ErrorKind::permission;
  if (error == EROFS || error == ENOSPC || error == EDQUOT || error == EFBIG) kind = ErrorKind::write;
  const char* const reason = strerrordesc_np(error);
  return {.kind = kind,
          .message = fmt::format("cannot {} {}: {}", action, path, reason == nullptr ? "unknown error" : reason),
          .hint = {},
          .detail = {}};
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Result<void> File::append(Bytes bytes, WholeRecords whole_records) {
  std::size_t done = 0;
  ssize_t wrote = 0;
  while (done < bytes.size()) {
    wrote = files_->pwrite(descriptor_.number(), bytes.data() + done, bytes.size() - done, size_ + done);
    if (wrote == -EINTR) continue;
    if (wrote == 0) wrote = -ENOSPC;
    if (wrote < 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  if (wrote >= 0) {
    size_ += done;
    return {};
  }
  const std::size_t whole = whole_records == nullptr ? 0 : whole_records(bytes.substr(0, done));
  size_ += whole;
  // Where cutting fails too, the reader passes over the torn record: nothing more can be done here.
  if (whole != done) files_->ftruncate(descriptor_.number(), size_);
  return system_error("write", path_, static_cast<int>(-wrote), ErrorKind::write);
}

Result<std::size_t> File::read(char* to, std::size_t count, std::uint64_t at) const {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = files_->pread(descriptor_.number(), to + done, count - done, at + done);
    if (got == -EINTR) continue;
    if (got < 0) return system_error("read", path_, static_cast<int>(-got), ErrorKind::read);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<void> File::truncate() {
  const int status = files_->ftruncate(descriptor_.number(), 0);
  if (status < 0) return system_error("write", path_, -status, ErrorKind::write);
  size_ = 0;
  return {};
}

Result<void> File::sync_data() {
  const int status = files_->fdatasync(descriptor_.number());
  if (status < 0) return system_error("write", path_, -status, ErrorKind::write);
  return {};
}

Result<void> File::check_linked() const {
  struct stat status {};
  const int failed = files_->fstat(descriptor_.number(), status);
  if (failed < 0) return system_error("write", path_, -failed, ErrorKind::write);
  if (status.st_nlink == 0) {
    return Error{.kind = ErrorKind::write,
                 .message = fmt::format("{} was removed while it was being written", path_),
                 .hint = {},
                 .detail = {}};
  }
  return {};
}

Result<Folder> Folder::open(Files& files, const std::string& path) {
  const int number = files.openat(AT_FDCWD, path.c_str(), folder_flags, 0);
  if (number < 0) return system_error("open", path, -number, ErrorKind::input);
  return Folder(files, Descriptor(number), path);
}

Result<Folder> Folder::open_or_make(Files& files, const std::string& path) {
  for (std::size_t end = path.find('/', 1); end < path.size(); end = path.find('/', end + 1)) {
    // One that cannot be made because it is there, or because its parent is not ours, is seen when the last one is
    // opened.
    (void)make_path(files, path.substr(0, end));
  }
  const int made = make_path(files, path);
  if (made < 0 && made != -EEXIST) return system_error("make", path, -made, ErrorKind::write);
  return open(files, path);
}

Result<Folder> Folder::folder(std::string_view name) const {
  const std::string path = path_of(name);
  const int number = files_->openat(descriptor(), std::string(name).c_str(), folder_flags | O_NOFOLLOW, 0);
  if (number < 0) return system_error("open", path, -number, ErrorKind::input);
  return Folder(*files_, Descriptor(number), path);
}

Result<Folder> Folder::make_folder(std::string_view name) const {
  const int made = files_->mkdirat(descriptor(), std::string(name).c_str(), folder_mode);
  if (made == -EEXIST) return system_error("make", path_of(name), EEXIST, ErrorKind::name);
  if (made < 0) return system_error("make", path_of(name), -made, ErrorKind::write);
  auto opened = folder(name);
  if (!opened) files_->unlinkat(descriptor(), std::string(name).c_str(), AT_REMOVEDIR);
  return opened;
}

Result<File> Folder::create(std::string_view name) const {
  std::string path = path_of(name);
  const int number = files_->openat(descriptor(), std::string(name).c_str(),
                                    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode);
  if (number < 0) return system_error("write", path, -number, ErrorKind::write);
  return File(*files_, Descriptor(number), std::move(path), 0);
}

Result<File> Folder::open_file(std::string_view name) const {
  return open_regular(name, O_RDONLY, ErrorKind::input);
}

Result<File> Folder::open_or_create(std::string_view name) const {
  return open_regular(name, O_RDWR | O_CREAT, ErrorKind::write);
}

Result<File> Folder::open_regular(std::string_view name, int flags, ErrorKind otherwise) const {
  std::string path = path_of(name);
  // Without O_NONBLOCK a FIFO of that name would hold us up for ever.
  const int number =
      files_->openat(descriptor(), std::string(name).c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, file_mode);
  if (number < 0) return system_error("open", path, -number, otherwise);
  Descriptor descriptor(number);
  struct stat status {};
  const int failed = files_->fstat(number, status);
  if (failed < 0) return system_error("open", path, -failed, otherwise);
  if (!S_ISREG(status.st_mode)) {
    return Error{.kind = otherwise, .message = path + " is no regular file", .hint = {}, .detail = {}};
  }
  return File(*files_, std::move(descriptor), std::move(path), static_cast<std::uint64_t>(status.st_size));
}

Result<std::string> Folder::read_small(std::string_view name, std::size_t limit) const {
  auto file = open_file(name);
  if (!file) return std::move(file).error();
  if (file->size() > limit) {
    return Error{
        .kind = ErrorKind::input,
        .message = fmt::format("{} is too large: {} bytes, {} are expected at most", file->path(), file->size(), limit),
        .hint = {},
        .detail = {}};
  }
  std::string content(static_cast<std::size_t>(file->size()), '\0');
  auto got = file->read(content.data(), content.size(), 0);
  if (!got) return std::move(got).error();
  content.resize(*got);
  return content;
}

Result<void> Folder::replace(std::string_view name, Bytes content) const {
  const std::string unfinished = std::string(name) + std::string(unfinished_suffix);
  if (auto removed = remove_file(unfinished); !removed) return removed;  // of a process that was killed here
  auto written = write_whole(unfinished, content);
  if (written) written = rename(unfinished, name);
  if (!written) {
    files_->unlinkat(descriptor(), unfinished.c_str(), 0);
    return written;
  }
  return sync();
}

Result<void> Folder::write_whole(std::string_view name, Bytes content) const {
  auto file = create(name);
  if (!file) return std::move(file).error();
  if (auto done = file->append(content); !done) return done;
  return file->sync_data();
}

Result<void> Folder::rename(std::string_view from, std::string_view to) const {
  const int status = files_->renameat(descriptor(), std::string(from).c_str(), descriptor(), std::string(to).c_str());
  if (status < 0) return system_error("write", path_of(to), -status, ErrorKind::write);
  return {};
}

Result<void> Folder::remove_file(std::string_view name) const {
  const int status = files_->unlinkat(descriptor(), std::string(name).c_str(), 0);
  if (status < 0 && status != -ENOENT) return system_error("remove", path_of(name), -status, ErrorKind::write);
  return {};
}

Result<void> Folder::remove_folder(std::string_view name) const {
  const int status = files_->unlinkat(descriptor(), std::string(name).c_str(), AT_REMOVEDIR);
  if (status < 0 && status != -ENOENT) return system_error("remove", path_of(name), -status, ErrorKind::write);
  return {};
}

Result<std::vector<FolderEntry>> Folder::entries() const {
  // A descriptor of its own: reading moves its position, and closedir closes it.
  const int number = files_->openat(descriptor(), ".", folder_flags, 0);
  if (number < 0) return system_error("read", path_, -number, ErrorKind::input);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(number), closedir);
  if (listing == nullptr) {
    const int error = errno;
    ::close(number);
    return system_error("read", path_, error, ErrorKind::read);
  }
  std::vector<FolderEntry> found;
  errno = 0;
  while (const dirent* entry = readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status {};
    if (files_->fstatat(descriptor(), entry->d_name, status) < 0) continue;  // removed meanwhile
    const EntryKind kind = S_ISREG(status.st_mode)   ? EntryKind::file
                           : S_ISDIR(status.st_mode) ? EntryKind::folder
                                                     : EntryKind::other;
    found.push_back({.name = std::string(name), .kind = kind, .bytes = static_cast<std::uint64_t>(status.st_size)});
    errno = 0;
  }
  if (errno != 0) return system_error("read", path_, errno, ErrorKind::read);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

bool Folder::exists(std::string_view name) const {
  struct stat status {};
  return files_->fstatat(descriptor(), std::string(name).c_str(), status) != -ENOENT;
}

Result<void> Folder::sync() const {
  const int status = files_->fsync(descriptor());
  if (status == -EINVAL) return {};  // a file system that has no such thing for folders
  if (status < 0) return system_error("write", path_, -status, ErrorKind::write);
  return {};
}

Result<std::uint64_t> Folder::free_bytes() const {
  return bytes_or_error(files_->free_bytes(descriptor()), path_);
}

Result<std::uint64_t> Folder::total_bytes() const {
  return bytes_or_error(files_->total_bytes(descriptor()), path_);
}

std::uint64_t bytes_below(const Folder& folder) {
  constexpr auto files_of = [](const std::vector<FolderEntry>& entries) {
    std::uint64_t bytes = 0;
    for (const FolderEntry& entry : entries) bytes += entry.kind == EntryKind::file ? entry.bytes : 0;
    return bytes;
  };
  const auto entries = folder.entries();
  if (!entries) return 0;
  std::uint64_t bytes = files_of(*entries);
  for (const FolderEntry& entry : *entries) {
    if (entry.kind != EntryKind::folder) continue;
    const auto below = folder.folder(entry.name);
    if (!below) continue;
    if (const auto content = below->entries()) bytes += files_of(*content);
  }
  return bytes;
}

}  // namespace wiretape::record
