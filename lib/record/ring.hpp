// SPDX-License-Identifier: Apache-2.0
// Makes room in a recording by letting go of its oldest segments.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "record/files.hpp"
#include "record/manifest.hpp"

namespace wiretape::record {

// Removes the files of the oldest segment of an iteration that is none of `open`, after the manifest on disk says so:
// what is missing is either named there, or damage. A segment that nobody closed, because its process went, is entered
// into the manifest first. `bytes` of the answer are those given back; no segments: there is none.
Result<LetGo> let_go_oldest(const Folder& iteration, Manifest& manifest, std::span<const std::uint32_t> open);

// The iterations of a recording that came before the one being recorded: their segments go first.
class EarlierIterations {
 public:
  // `recording` is their folder; `names` are in the order of time. One that has been removed meanwhile, or whose
  // manifest cannot be read, is passed over.
  EarlierIterations(Folder recording, std::vector<std::string> names)
      : recording_(std::move(recording)), names_(std::move(names)) {}

  // As above, of all of them.
  Result<LetGo> let_go_oldest();

  // What was let go since this was asked last, by iteration.
  std::map<std::string, LetGo> take_news();

 private:
  Folder recording_;
  std::vector<std::string> names_;
  std::size_t next_ = 0;  // those before have nothing left
  std::map<std::string, LetGo> news_;
};

}  // namespace wiretape::record
