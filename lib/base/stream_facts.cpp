// SPDX-License-Identifier: Apache-2.0
#include "base/stream_facts.hpp"

#include <fmt/format.h>

#include <iterator>

namespace wiretape {

void append_stream_id(std::string& out, const StreamFacts& facts) {
  static constexpr std::array<std::string_view, 4> suffix = {"", "_udp", "_icmp", "_sctp"};
  fmt::format_to(std::back_inserter(out), "{:012}{}", facts.number, suffix[static_cast<std::size_t>(facts.transport)]);
}

}  // namespace wiretape
