// SPDX-License-Identifier: Apache-2.0
// Which packets of a source that can be read again are to be kept: a set of positions, small and in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/files.hpp"

namespace wiretape::engine {

// Positions arrive in any order, one after a stream's decision and many at a decision. They are sorted and delta-coded
// some ten thousand at a time, two to three bytes each; beyond a quarter of a megabyte these runs wait in an unlinked
// file in TMPDIR (or /tmp), so that memory does not grow with what is kept. Where there can be no file they stay in
// memory.
class Positions {
 public:
  void add(std::uint64_t position);
  void clear();
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint64_t size() const { return size_; }  // added, those added twice counted twice
  [[nodiscard]] std::size_t memory() const;                   // bytes

 private:
  struct Run {
    std::string bytes;        // in memory
    std::uint64_t start = 0;  // in the file
    std::size_t size = 0;
    bool in_file = false;
  };

 public:
  // Gives each position once, in growing order. Valid until the set changes. What the file cannot give back is missing:
  // then failed() is true.
  class Reader {
   public:
    bool next(std::uint64_t& position);
    [[nodiscard]] bool failed() const { return failed_; }

   private:
    friend class Positions;
    struct Cursor {
      const Run* run;
      const record::File* file;  // of the runs that are there
      std::size_t read = 0;      // of the run, into `buffer`
      std::string buffer = {};   // of a run in the file: what was read and not taken
      std::size_t offset = 0;    // in the buffer, or in the run's own bytes
      std::uint64_t position = 0;
      bool failed = false;
      bool advance();
      bool refill();
      bool operator>(const Cursor& other) const { return position > other.position; }
    };
    std::vector<Cursor> heap_;
    std::uint64_t last_ = UINT64_MAX;
    bool failed_ = false;
  };
  Reader read();

 private:
  void seal();
  void spill(Run& run);

  std::vector<std::uint64_t> fresh_;
  std::vector<Run> runs_;
  std::uint64_t size_ = 0;
  std::size_t in_memory_ = 0;  // bytes of runs
  std::optional<record::File> file_;
  bool no_file_ = false;  // none could be made
};

}  // namespace wiretape::engine
