// SPDX-License-Identifier: Apache-2.0
#include "engine/held_runs.hpp"

namespace wiretape::engine {
namespace {

// What may stand in memory before runs go to the spool, and how long those are.
constexpr std::size_t memory_limit = 4U << 20U;
constexpr std::size_t longest_run = 256U << 10U;
// Kept for use again.
constexpr std::size_t spare_memory = 64U << 10U;

}  // namespace

void HeldRuns::append(const net::Packet& packet, flow::Spool* spool) {
  const bool copy = packet.position == net::no_position;
  const flow::HeldForm form = copy ? flow::HeldForm::copies : flow::HeldForm::positions;
  if (fresh_ || runs_.back().form != form) begin_run(form);
  if (runs_.back().size >= longest_run) {
    if (spool != nullptr && memory_.size() >= memory_limit) move_to_spool(runs_.back(), *spool);
    begin_run(form);
  }
  const flow::HeldHeader header = flow::encode_held(packet, form, base_);
  memory_.append(header.bytes.data(), header.size);
  if (copy) memory_ += packet.data;
  Run& run = runs_.back();
  run.size = memory_.size() - run.start;
  ++run.packets;
  run.bytes += packet.data.size();
}

void HeldRuns::begin_run(flow::HeldForm form) {
  fresh_ = false;
  base_ = {};
  runs_.push_back({.form = form, .place = {}, .start = memory_.size()});
}

// It is the last one: what it took in memory is free.
void HeldRuns::move_to_spool(Run& run, flow::Spool& spool) {
  run.place = spool.put(Bytes(memory_).substr(run.start, run.size));
  if (run.place) memory_.resize(run.start);
}

std::optional<Bytes> HeldRuns::read(const Run& run, flow::Spool* spool) {
  if (!run.place) return Bytes(memory_).substr(run.start, run.size);
  from_spool_.resize(run.size);
  const bool got = spool->get(*run.place, from_spool_);
  spool->give_back(*run.place, run.size);
  return got ? std::optional<Bytes>(from_spool_) : std::nullopt;
}

void HeldRuns::clear() {
  runs_.clear();
  memory_.clear();
  if (memory_.capacity() > spare_memory) memory_.shrink_to_fit();
  if (from_spool_.capacity() > spare_memory) from_spool_ = {};
  fresh_ = true;
}

}  // namespace wiretape::engine
