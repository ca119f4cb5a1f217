// SPDX-License-Identifier: Apache-2.0
// Who is shown the calls that matched.
#pragma once

#include <string_view>

#include "entry/entry.hpp"

namespace wiretape::engine {

// Returning false ends the run: enough was shown, or nobody reads any more.
struct CallSink {
  // A call from packets; a view, valid during the call.
  virtual bool call(const Entry& entry) = 0;
  // A call from a recording's sidecar, or one that redact() altered: one JSON object without the newline, complete with
  // `record`.
  virtual bool call(std::string_view json) = 0;

  // Nothing more to show for now: what was held back for speed should be seen.
  virtual bool caught_up() { return true; }

 protected:
  ~CallSink() = default;
};

}  // namespace wiretape::engine
