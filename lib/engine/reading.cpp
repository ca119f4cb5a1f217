// SPDX-License-Identifier: Apache-2.0
#include "engine/reading.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "net/pcap_format.hpp"

namespace wiretape::engine {
namespace {

// The kernel hands packets over up to a tenth of a second late: the clock at rest stays behind by more than that.
constexpr Duration clock_lag = Duration::milliseconds(500);

}  // namespace

Timestamp live_time() {
  return now() + Duration{-clock_lag.nanoseconds};
}

std::string node_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

Reading::Reading(std::unique_ptr<capture::PacketSource> source, const SourceFacts& common)
    : source_(std::move(source)), common_(common) {
  learn_interfaces();
  if (facts_.empty()) facts_.push_back(&common_);
}

Result<void> Reading::set_filter(const std::string& packet_filter) {
  packet_filter_ = packet_filter;
  if (packet_filter_.empty()) return {};
  for (const capture::Interface& interface : source_->interfaces()) {
    auto filter = capture::compile_filter(packet_filter_, interface.link, net::longest_packet);
    if (!filter) return std::move(filter).error();
    filters_.insert_or_assign(interface.link, *std::move(filter));
  }
  return {};
}

// pcapng names its interfaces as it goes; a classic file has one from the start. True when there are more than before.
bool Reading::learn_interfaces() {
  const auto interfaces = source_->interfaces();
  if (storage_.size() >= interfaces.size()) return false;
  if (storage_.empty()) facts_.clear();
  for (std::size_t at = storage_.size(); at < interfaces.size(); ++at) {
    SourceFacts& facts = storage_.emplace_back(common_);
    facts.interface = interfaces[at].name;
    if (!interfaces[at].source.empty()) facts.source = interfaces[at].source;
    facts_.push_back(&facts);
  }
  return true;
}

bool Reading::passes(const net::Packet& packet) {
  auto found = filters_.find(packet.link);
  if (found == filters_.end()) {
    auto filter = capture::compile_filter(packet_filter_, packet.link, net::longest_packet);
    if (!filter) {
      damage_ = std::move(filter).error();
      return false;
    }
    found = filters_.emplace(packet.link, *std::move(filter)).first;
  }
  return found->second.matches(packet);
}

// As many as are left of those that pass.
std::span<const net::Packet> Reading::wanted(std::span<const net::Packet> batch) {
  if (!packet_filter_.empty()) {
    passed_.clear();
    for (const net::Packet& packet : batch) {
      if (passes(packet)) passed_.push_back(packet);
    }
    batch = passed_;
  }
  return batch.first(static_cast<std::size_t>(std::min<std::uint64_t>(batch.size(), packets_left_)));
}

bool Reading::read(Pipeline& pipeline, const std::function<bool()>& pause) {
  while (!damage_ && packets_left_ != 0) {
    if (pause()) return true;
    auto batch = source_->next();
    if (!batch) {
      damage_ = std::move(batch).error();
      break;
    }
    if (batch->empty()) {
      if (!live_) break;
      pipeline.advance(live_time());
      continue;
    }
    if (learn_interfaces()) pipeline.set_sources(facts_);
    const auto packets = wanted(*batch);
    pipeline.feed(packets, source_->hold());
    packets_left_ -= packets.size();
    if (live_) pipeline.flush();
  }
  return false;
}

}  // namespace wiretape::engine
