// SPDX-License-Identifier: Apache-2.0
// Packet filters of pcap-filter(7), compiled by libpcap and run here: for packets that no kernel filters.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/packet.hpp"

namespace wiretape::capture {

class Filter {
 public:
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();

  // For packets of the link type that it was compiled for.
  [[nodiscard]] bool matches(const net::Packet& packet) const;

 private:
  struct Program;
  explicit Filter(std::unique_ptr<Program> program);
  friend Result<Filter> compile_filter(const std::string&, net::LinkType, std::uint32_t);

  std::unique_ptr<Program> program_;
};

// The empty text matches everything. ErrorKind::statement with libpcap's words when the text is no filter, or none for
// this link type. Names in it may be looked up (files, DNS), as pcap_compile(3PCAP) does.
Result<Filter> compile_filter(const std::string& text, net::LinkType link, std::uint32_t snapshot_length);

}  // namespace wiretape::capture
