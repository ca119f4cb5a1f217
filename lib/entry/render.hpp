// SPDX-License-Identifier: Apache-2.0
// An entry as the document of entries.md.
#pragma once

#include "entry/entry.hpp"
#include "entry/field.hpp"
#include "json/sink.hpp"

namespace wiretape {

// Tells the whole entry: the envelope, the protocol's fields inside `request` and `response`. Stops early when
// the sink is done.
void render(const Entry& entry, json::Sink& sink);

// Tells the value of one field; false when it is missing.
bool tell(const Field& field, const Entry& entry, json::Sink& sink);

}  // namespace wiretape
