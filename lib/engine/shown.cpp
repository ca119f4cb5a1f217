// SPDX-License-Identifier: Apache-2.0
#include "engine/shown.hpp"

#include <algorithm>

#include "entry/render.hpp"
#include "json/writer.hpp"

namespace wiretape::engine {

Shown::Shown(const kfl::Statement& statement, std::uint64_t limit, CallSink* sink)
    : statement_(statement), sink_(sink), left_(std::min(limit, statement.limit().value_or(UINT64_MAX))) {}

void Shown::call(const Entry& entry) {
  if (!take()) return;
  if (!statement_.redacts()) return note(sink_->call(entry));
  text_.clear();
  json::Writer json(text_);
  render(entry, json);
  note(sink_->call(statement_.redacted(text_, scratch_)));
}

void Shown::call(std::string_view json) {
  if (!take()) return;
  if (!statement_.redacts()) return note(sink_->call(json));
  note(sink_->call(statement_.redacted(json, scratch_)));
}

void Shown::caught_up() {
  if (sink_ != nullptr && !closed_) note(sink_->caught_up());
}

bool Shown::take() {
  if (satisfied()) return false;
  --left_;
  return sink_ != nullptr;
}

}  // namespace wiretape::engine
