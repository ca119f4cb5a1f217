// SPDX-License-Identifier: Apache-2.0
#include "engine/shown.hpp"

#include <algorithm>

namespace wiretape::engine {
namespace {

// For calls that are only counted.
class SilentTeller final : public CallTeller {
 public:
  void tell(const Entry&, std::string&) override {}
};

}  // namespace

Shown::Shown(const kfl::Statement& statement, std::uint64_t limit, CallSink* sink)
    : statement_(statement), sink_(sink), left_(std::min(limit, statement.limit().value_or(UINT64_MAX))) {}

std::unique_ptr<CallTeller> Shown::teller() const {
  if (sink_ == nullptr) return std::make_unique<SilentTeller>();
  return statement_.redacts() ? json_teller(statement_) : sink_->teller();
}

void Shown::told(std::string_view text) {
  if (!take()) return;
  note(statement_.redacts() ? sink_->call(text) : sink_->told(text));
}

void Shown::call(std::string_view json) {
  if (!take()) return;
  note(statement_.redacts() ? sink_->call(statement_.redacted(json, scratch_)) : sink_->call(json));
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
