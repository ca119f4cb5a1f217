// SPDX-License-Identifier: Apache-2.0
// The file system calls a recording needs, below a descriptor of its folder and following no link, with errors as
// sentences.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace wiretape::record {

// The world as a few calls, so that tests can let it fail. Each does what the system call of its name does, and answers
// with the negated errno where that answers -1.
class Files {
 public:
  Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  virtual ~Files() = default;

  virtual int openat(int folder, const char* name, int flags, mode_t mode);
  virtual int mkdirat(int folder, const char* name, mode_t mode);
  virtual ssize_t pread(int file, char* to, std::size_t count, std::uint64_t at);
  virtual ssize_t pwrite(int file, const char* from, std::size_t count, std::uint64_t at);
  virtual int ftruncate(int file, std::uint64_t size);
  virtual int fdatasync(int file);
  virtual int fsync(int file);
  virtual int renameat(int folder, const char* from, int to_folder, const char* to);
  virtual int unlinkat(int folder, const char* name, int flags);
  virtual int lock(int file);    // exclusive, not waiting; held until the file is closed by all who share it
  virtual int locked(int file);  // 1 when another holds the lock, else 0
  virtual int fstat(int file, struct stat& status);
  virtual int fstatat(int folder, const char* name, struct stat& status);  // of the link itself, not of its target
  virtual std::int64_t free_bytes(int folder);                             // fstatvfs: what this user may still write
  virtual std::int64_t total_bytes(int folder);                            // likewise: of the whole file system
};
Files& system_files();

// The sentence for an error number: `cannot <action> <path>: No space left on device`, its kind from the number and
// from what was tried (`otherwise`).
Error system_error(std::string_view action, std::string_view path, int error, ErrorKind otherwise);

// Owns a descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  [[nodiscard]] int number() const { return number_; }
  int release() {
    const int number = number_;
    number_ = -1;
    return number;
  }

 private:
  int number_ = -1;
};

// A file with one writer. All writing appends, and a record is there whole or not at all.
class File {
 public:
  File(Files& files, Descriptor descriptor, std::string path, std::uint64_t size)
      : files_(&files), descriptor_(std::move(descriptor)), path_(std::move(path)), size_(size) {}

  // Appends all of `bytes`. When the system takes only a part, the file is cut back to whole_records(written part), by
  // default to where it was, and the error is returned.
  using WholeRecords = std::size_t (*)(Bytes written);
  Result<void> append(Bytes bytes, WholeRecords whole_records = nullptr);

  // Fills `to` from `at`; shorter at the end of the file.
  Result<std::size_t> read(char* to, std::size_t count, std::uint64_t at) const;

  Result<void> truncate();  // to nothing
  Result<void> sync_data();
  // Fails when the file has been removed by somebody else.
  Result<void> check_linked() const;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int descriptor() const { return descriptor_.number(); }

 private:
  Files* files_;
  Descriptor descriptor_;
  std::string path_;
  std::uint64_t size_;
};

enum class EntryKind : std::uint8_t { file, folder, other };  // other: links, devices, sockets
struct FolderEntry {
  std::string name;
  EntryKind kind = EntryKind::other;
  std::uint64_t bytes = 0;
};

// A folder held by its descriptor: it stays the same one when its path is renamed or replaced. Names are single
// components.
class Folder {
 public:
  // Follows links in `path`: who gives a store may reach it as he likes.
  static Result<Folder> open(Files& files, const std::string& path);
  // One that somebody else has opened; `path` is what errors call it.
  static Folder adopt(Files& files, Descriptor descriptor, std::string path) {
    return {files, std::move(descriptor), std::move(path)};
  }
  // Makes what is missing of `path`, 0700.
  static Result<Folder> open_or_make(Files& files, const std::string& path);

  // Those below follow no link.
  [[nodiscard]] Result<Folder> folder(std::string_view name) const;
  [[nodiscard]] Result<Folder> make_folder(std::string_view name) const;   // 0700; exists: ErrorKind::name
  [[nodiscard]] Result<File> create(std::string_view name) const;          // 0600; must not exist
  [[nodiscard]] Result<File> open_file(std::string_view name) const;       // to read
  [[nodiscard]] Result<File> open_or_create(std::string_view name) const;  // to write; 0600
  [[nodiscard]] Result<std::string> read_small(std::string_view name, std::size_t limit) const;
  // Atomically: a reader sees the old content or the new, whenever the power fails.
  [[nodiscard]] Result<void> replace(std::string_view name, Bytes content) const;
  [[nodiscard]] Result<void> rename(std::string_view from, std::string_view to) const;
  [[nodiscard]] Result<void> remove_file(std::string_view name) const;    // absent is fine
  [[nodiscard]] Result<void> remove_folder(std::string_view name) const;  // must be empty; absent is fine
  [[nodiscard]] Result<std::vector<FolderEntry>> entries() const;         // by name
  [[nodiscard]] bool exists(std::string_view name) const;
  [[nodiscard]] Result<void> sync() const;  // names, not contents
  [[nodiscard]] Result<std::uint64_t> free_bytes() const;
  [[nodiscard]] Result<std::uint64_t> total_bytes() const;  // of its file system

  [[nodiscard]] std::string path_of(std::string_view name) const { return path_ + '/' + std::string(name); }
  [[nodiscard]] const std::string& path() const { return path_; }
  void set_path(std::string path) { path_ = std::move(path); }
  [[nodiscard]] int descriptor() const { return descriptor_.number(); }
  [[nodiscard]] Files& files() const { return *files_; }

 private:
  Folder(Files& files, Descriptor descriptor, std::string path)
      : files_(&files), descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  [[nodiscard]] Result<File> open_regular(std::string_view name, int flags, ErrorKind otherwise) const;
  [[nodiscard]] Result<void> write_whole(std::string_view name, Bytes content) const;

  Files* files_;
  Descriptor descriptor_;
  std::string path_;
};

// Bytes of the files in a folder and in the folders directly below it; what cannot be read counts nothing.
std::uint64_t bytes_below(const Folder& folder);

}  // namespace wiretape::record
