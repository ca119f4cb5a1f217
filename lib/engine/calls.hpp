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

 protected:
  ~CallSink() = default;
};

}  // namespace wiretape::engine
