// SPDX-License-Identifier: Apache-2.0
// The backlog's spool as a file that has no name: it is gone with the process, however that ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "engine/spool_space.hpp"
#include "flow/spool.hpp"
#include "record/files.hpp"

namespace wiretape::engine {

struct SpoolCounts {
  std::uint64_t bytes = 0;       // taken in the file now, up to half of it empty ends of slots
  std::uint64_t most_bytes = 0;  // ever
  std::uint64_t blocks = 0;      // ever put or appended
};

// Opened by the first put(). Reads and writes of several threads do not wait for each other. What the system says no to
// is remembered as the error; from then on nothing more is taken, and what is there can still be read.
class SpoolFile final : public flow::Spool {
 public:
  // In `directory`, below the descriptor `folder` (AT_FDCWD: as the process sees it), which like `files` must stay
  // until the file is open. `limit` in bytes, as SpoolSpace has it.
  SpoolFile(record::Files& files, int folder, std::string directory, std::uint64_t limit);

  // Opens it now: for who will not be allowed to later.
  Result<void> open();

  std::optional<Place> put(Bytes bytes) override;
  std::optional<Place> append(Place place, std::size_t size, Bytes bytes) override;
  bool get(Place place, std::span<char> into) override;
  void give_back(Place place, std::size_t size) override;

  // Any thread may ask. The error's kind is write or permission, or read when it could not be read back.
  [[nodiscard]] std::optional<Error> error() const;
  [[nodiscard]] SpoolCounts counts() const;

 private:
  std::optional<Place> take(std::size_t size);
  bool open_if_needed();
  int open_unnamed();
  bool copy(Place from, Place to, std::size_t size);
  bool write(std::uint64_t at, Bytes bytes);
  bool read(std::uint64_t at, std::span<char> into);
  void fail(std::string_view action, int error, ErrorKind kind);

  record::Files& files_;
  const int folder_;
  const std::string directory_;
  mutable std::mutex mutex_;  // of all below but the descriptor, which stays once it is open, and of failed_
  record::Descriptor descriptor_;
  SpoolSpace space_;
  SpoolCounts counts_;
  std::optional<Error> error_;
  std::atomic<bool> failed_{false};
};

}  // namespace wiretape::engine
