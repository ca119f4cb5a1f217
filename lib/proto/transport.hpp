// SPDX-License-Identifier: Apache-2.0
// A stream as an entry of its own: what tcp, udp, icmp and sctp say of it, whatever it carries.
#pragma once

#include <span>

#include "base/stream_facts.hpp"
#include "entry/entry.hpp"
#include "entry/field.hpp"

namespace wiretape {

// The fields of a transport's own entries; in catalog() behind those of the protocols.
const Schema& transport_schema(Transport transport);

// The entry of a stream, from its facts as they stand: complete ones at its end, and before that with
// Entry::stage set to how far they are known. A reset, a refused and an unanswered connection are at fault. Both halves
// are always there. The entry points at the facts and at memory of this thread: valid until the next call.
Entry transport_entry(const StreamFacts& facts);

}  // namespace wiretape
