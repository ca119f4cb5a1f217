// SPDX-License-Identifier: Apache-2.0
// Removes what has expired: iterations each on their own, and a recording's folder when its job is over and its last
// iteration has expired.
//
// Nothing that is being recorded expires, and nothing that wiretape did not write is removed. A recording that a
// process works on is that process's to prune.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "record/job.hpp"
#include "record/recording.hpp"
#include "record/store.hpp"

namespace wiretape::record {

struct Expired {
  std::string recording;
  std::string iteration = {};  // its folder's name; "" when the whole recording goes
  Timestamp since;             // when its time was over
  std::uint64_t bytes = 0;     // of all its files
  // What is below it and not wiretape's, as paths: it stays, and so do the folders that hold it. Known once it has been
  // removed.
  std::vector<std::string> kept = {};
};

// What of a recording has expired by `at`, as its description has it: the whole of it alone, or some of its iterations.
// What is there of it does not count. Where no process works on it, note_interruption() comes first.
std::vector<Expired> expired_of(const Description& description, Timestamp at);

struct Pruning {
  std::vector<Expired> removed;   // by recording and time
  std::vector<Error> failed;      // one for each that could not be removed; it did not stop the others
  std::vector<Error> unreadable;  // recordings that do not say when they expire, being damaged: they stay
};

enum class PruneMode : std::uint8_t { remove, only_tell };

// All of the store, except the recordings that a process works on. A store that is not there has nothing to remove.
Pruning prune(const Store& store, Timestamp at, PruneMode mode);
// The finished iterations of a recording, for who holds it.
Pruning prune(const Recording& recording, Timestamp at, PruneMode mode);

}  // namespace wiretape::record
