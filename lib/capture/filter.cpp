// SPDX-License-Identifier: Apache-2.0
#include "capture/filter.hpp"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <utility>

namespace wiretape::capture {
namespace {

// What libpcap calls a link type here; files use numbers that are the same on all systems.
int dlt_of(net::LinkType link) {
  return link == net::LinkType::raw ? DLT_RAW : static_cast<int>(link);
}

}  // namespace

struct Filter::Program {
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { pcap_freecode(&code); }
  bpf_program code{};
};

Filter::Filter(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

bool Filter::matches(const net::Packet& packet) const {
  pcap_pkthdr header{};
  header.caplen = static_cast<bpf_u_int32>(packet.data.size());
  header.len = packet.original_length;
  return pcap_offline_filter(&program_->code, &header, reinterpret_cast<const u_char*>(packet.data.data())) != 0;
}

Result<Filter> compile_filter(const std::string& text, net::LinkType link, std::uint32_t snapshot_length) {
  constexpr int optimized = 1;
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(
      pcap_open_dead(dlt_of(link), static_cast<int>(snapshot_length)), &pcap_close);
  if (!handle) return Error{.kind = ErrorKind::statement, .message = "packet filter: no memory"};
  auto program = std::make_unique<Filter::Program>();
  if (pcap_compile(handle.get(), &program->code, text.c_str(), optimized, PCAP_NETMASK_UNKNOWN) != 0) {
    return Error{.kind = ErrorKind::statement, .message = fmt::format("packet filter: {}", pcap_geterr(handle.get()))};
  }
  return Filter(std::move(program));
}

}  // namespace wiretape::capture
