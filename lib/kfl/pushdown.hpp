// SPDX-License-Identifier: Apache-2.0
// What a statement demands of every packet of the streams that it can match, as a filter for the kernel.
#pragma once

#include <string>
#include <vector>

#include "kfl/ast.hpp"

namespace wiretape::kfl {

struct Pushdown {
  std::string filter;    // pcap-filter(7); "" lets everything through
  std::string untagged;  // the same without the tagged forms
  // What a term demands ("host 10.0.0.1") or why it demands nothing, in the order of the terms: for people.
  std::vector<std::string> notes;
};

// Sound, not exact: lets through both directions of a stream, fragments, tagged packets and ICMP errors. `expr` is
// folded.
Pushdown pushdown(const Expr& expr);

}  // namespace wiretape::kfl
