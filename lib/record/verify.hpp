// SPDX-License-Identifier: Apache-2.0
// Checks every file of a recording against its manifests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "record/files.hpp"
#include "record/manifest.hpp"

namespace wiretape::record {

enum class Verdict : std::uint8_t {
  good,      // as the manifest says
  open,      // written since the last manifest: readable, not proven
  torn,      // open, and its end is no whole record: read up to there
  damaged,   // another content than the manifest says, or not readable as what it is
  missing,   // in the manifest, not in the folder
  swapped,   // holds what the manifest says of another file
  broken,    // the manifest's chain: an entry was taken out, put in or altered
  unlisted,  // a file that no manifest names and that no open segment can be
  leftover,  // of a merge or replacement that was interrupted; harmless
  foreign,   // not written by wiretape
  let_go,    // removed by wiretape to make room, as the manifest says
};
std::string_view name(Verdict verdict);
// Whether it means that what was recorded is not what is there now.
bool is_damage(Verdict verdict);

struct Finding {
  std::string path;  // relative to the recording's folder: 20240604T084500Z/000001.pcap
  Verdict verdict = Verdict::good;
  std::string sentence;  // what is wrong; "" when good
};

struct Verification {
  std::vector<Finding> findings;  // one for each file, by path
  std::uint64_t bytes = 0;        // read
  LetGo let_go;                   // what the manifests name as let go, findings or not

  [[nodiscard]] bool intact() const;  // no finding is damage
};

// `path` is a recording's folder; iterations that have expired by `at` may be gone. An error only when it cannot be
// read at all.
Result<Verification> verify(const std::string& path, Timestamp at = now(), Files& files = system_files());

}  // namespace wiretape::record
