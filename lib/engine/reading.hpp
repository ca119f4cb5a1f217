// SPDX-License-Identifier: Apache-2.0
// A packet source read to its end through a pipeline.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/stream_facts.hpp"
#include "capture/filter.hpp"
#include "capture/source.hpp"
#include "engine/pipeline.hpp"

namespace wiretape::engine {

// Packet time as far as a live source at rest has surely come.
Timestamp live_time();

// This machine, as the calls captured on it name it.
std::string node_name();

class Reading {
 public:
  // `common` is what all interfaces of the source share; name and source of each come from the source itself.
  Reading(std::unique_ptr<capture::PacketSource> source, const SourceFacts& common);
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  // Packets that do not pass are not seen by the pipeline. Fails with ErrorKind::statement for a bad filter.
  Result<void> set_filter(const std::string& packet_filter);
  void set_packet_count(std::uint64_t count) { packets_left_ = count; }
  // The source is live: no packets now is not its end, and time goes on without them.
  void set_live() { live_ = true; }

  // One for each interface known so far; never empty. For PipelineOptions::sources.
  [[nodiscard]] std::span<const SourceFacts* const> facts() const { return facts_; }
  [[nodiscard]] capture::PacketSource& source() { return *source_; }

  // Reads on until the end of the source, the packet count, or `pause()` (asked after each batch) is true. An input
  // that is cut or damaged ends it too: then damage() says so. True when there is more to read.
  bool read(Pipeline& pipeline, const std::function<bool()>& pause);

  [[nodiscard]] const std::optional<Error>& damage() const { return damage_; }

 private:
  [[nodiscard]] std::span<const net::Packet> wanted(std::span<const net::Packet> batch);
  bool passes(const net::Packet& packet);
  bool learn_interfaces();

  std::unique_ptr<capture::PacketSource> source_;
  SourceFacts common_;
  std::deque<SourceFacts> storage_;  // of the interfaces known so far
  std::vector<const SourceFacts*> facts_;
  std::string packet_filter_;
  std::vector<net::Packet> passed_;
  std::map<net::LinkType, capture::Filter> filters_;  // the code depends on the link type
  std::uint64_t packets_left_ = UINT64_MAX;
  bool live_ = false;
  std::optional<Error> damage_;
};

}  // namespace wiretape::engine
