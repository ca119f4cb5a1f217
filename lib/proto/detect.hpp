// SPDX-License-Identifier: Apache-2.0
// Which protocol a stream speaks, from its first bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/chunk.hpp"
#include "base/stream_facts.hpp"
#include "proto/protocol.hpp"

namespace wiretape {

struct Detection {
  enum class Verdict : std::uint8_t {
    none,       // no protocol takes these bytes, and more of them will not change that
    undecided,  // more bytes could tell
    found,
  };
  Verdict verdict = Verdict::none;
  const Protocol* protocol = nullptr;  // undecided: who would take it, if nobody before makes up his mind; or null
  bool swapped = false;                // it is that, if client and server are exchanged
};

// What is asked about: the first bytes of each direction (by Direction), either may be empty.
struct FirstBytes {
  std::array<Bytes, 2> sides;
  bool datagram = false;        // one whole datagram, in one direction
  bool roles_are_sure = true;   // false: the server may have been taken for the client
  bool starts_are_sure = true;  // false: the bytes may begin within a message, so one side that is sure is enough
  std::array<std::uint16_t, 2> ports{};
};

// Asks the protocols in the order of `list`, those whose port it is first. Stateless: ask again with more bytes.
Detection detect(const FirstBytes& first, std::span<const Protocol* const> list);

}  // namespace wiretape
