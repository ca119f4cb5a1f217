// SPDX-License-Identifier: Apache-2.0
// The calls of a recording, read from the files beside its packets.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/shown.hpp"
#include "engine/stats.hpp"
#include "record/reader.hpp"

namespace wiretape::engine {

// The recording may be growing: read() gives what is new since it was last called.
class Sidecars {
 public:
  // All must outlive this. `stats` gets the counts, and the sentences about what could not be read.
  Sidecars(const record::RecordingFiles& recording, Shown& shown, Stats& stats);

  Result<void> read();

  // The segments that the recording has by now.
  Result<void> look_again();

  // No more will come: says what stands torn or damaged.
  void finish();

 private:
  struct Open {
    std::string path;
    record::Lines lines;
    std::uint64_t damaged = 0;
    bool ended = false;  // all lines that are there were read
  };

  Result<void> read(Open& file);
  void show(std::string_view line, Open& file);

  record::RecordingFiles recording_;
  Shown& shown_;
  Stats& stats_;
  kfl::Scratch scratch_;
  std::map<std::string, Open> files_;  // by path, which is by time
  std::string line_;                   // with the member `record`
};

}  // namespace wiretape::engine
