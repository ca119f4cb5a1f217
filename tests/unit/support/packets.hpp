// SPDX-License-Identifier: Apache-2.0
// Packets and capture files made in memory, for tests. A layer is a function from its payload to bytes, so a packet is
// read from the inside out: ethernet(ipv4({...}, tcp({...}))). Checksums are left empty, as offloading leaves them.
#pragma once

#include <arpa/inet.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.hpp"
#include "base/time.hpp"
#include "net/packet.hpp"

namespace wiretape::support {

inline std::string be16(std::uint64_t value) {
  return {static_cast<char>(value >> 8U & 0xffU), static_cast<char>(value & 0xffU)};
}
inline std::string be32(std::uint64_t value) {
  return be16(value >> 16U) + be16(value);
}
inline std::string le16(std::uint64_t value) {
  return {static_cast<char>(value & 0xffU), static_cast<char>(value >> 8U & 0xffU)};
}
inline std::string le32(std::uint64_t value) {
  return le16(value) + le16(value >> 16U);
}

inline std::string bytes_of(std::initializer_list<unsigned> values) {
  std::string out;
  for (const unsigned value : values) out += static_cast<char>(value);
  return out;
}

// "10.0.0.1", "2001:db8::1". A text that is no address ends the test program: the test is wrong.
inline Address address(const std::string& text) {
  std::array<char, 16> wire{};
  if (inet_pton(AF_INET, text.c_str(), wire.data()) == 1) return Address::v4_of({wire.data(), 4});
  if (inet_pton(AF_INET6, text.c_str(), wire.data()) == 1) return Address::v6_of({wire.data(), 16});
  std::abort();
}

// "10.0.0.1:80", "[2001:db8::1]:80".
inline Endpoint endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  return {.address = address(host), .port = static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1)))};
}

inline Bytes wire(const Address& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), address.v6 ? 16U : 4U};
}

// --- Transport ---------------------------------------------------------------------------------------------------

struct Tcp {
  Endpoint source = endpoint("10.0.0.1:40000");
  Endpoint destination = endpoint("10.0.0.2:80");
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint8_t flags = 0x10;  // ACK
  std::uint16_t window = 65535;
  std::uint16_t urgent = 0;
  std::string options = "";  // a multiple of four bytes
  std::string payload = "";
};

inline std::string tcp(const Tcp& segment) {
  std::string out = be16(segment.source.port) + be16(segment.destination.port);
  out += be32(segment.sequence) + be32(segment.acknowledgment);
  out += static_cast<char>((5 + segment.options.size() / 4) << 4U);
  out += static_cast<char>(segment.flags);
  out += be16(segment.window) + be16(0) + be16(segment.urgent);
  return out + segment.options + segment.payload;
}

struct Udp {
  Endpoint source = endpoint("10.0.0.1:40000");
  Endpoint destination = endpoint("10.0.0.2:53");
  std::string payload = "";
};

inline std::string udp(const Udp& datagram) {
  return be16(datagram.source.port) + be16(datagram.destination.port) + be16(8 + datagram.payload.size()) + be16(0) +
         datagram.payload;
}

// --- Network -----------------------------------------------------------------------------------------------------

struct Ipv4 {
  Address source = address("10.0.0.1");
  Address destination = address("10.0.0.2");
  std::uint8_t protocol = 6;
  std::uint16_t identification = 0;
  std::size_t fragment_offset = 0;  // in bytes, a multiple of 8
  bool more_fragments = false;
  std::string options = "";  // a multiple of four bytes
};

inline std::string ipv4(const Ipv4& header, const std::string& payload) {
  const std::size_t header_length = 20 + header.options.size();
  std::string out;
  out += static_cast<char>(0x40U | header_length / 4);
  out += '\0';
  out += be16(header_length + payload.size()) + be16(header.identification);
  out += be16((header.more_fragments ? 0x2000U : 0U) | header.fragment_offset / 8);
  out += static_cast<char>(64);
  out += static_cast<char>(header.protocol);
  out += be16(0);
  out += wire(header.source);
  out += wire(header.destination);
  return out + header.options + payload;
}

struct Ipv6 {
  Address source = address("2001:db8::1");
  Address destination = address("2001:db8::2");
  std::uint8_t next_header = 6;
};

// Extension headers are part of the payload: ipv6({.next_header = 0}, hop_by_hop + tcp({...})).
inline std::string ipv6(const Ipv6& header, const std::string& payload) {
  std::string out = be32(0x60000000U) + be16(payload.size());
  out += static_cast<char>(header.next_header);
  out += static_cast<char>(64);
  out += wire(header.source);
  out += wire(header.destination);
  return out + payload;
}

// The fragment header of RFC 8200 section 4.5. `offset` in bytes, a multiple of 8.
struct Ipv6Fragment {
  std::uint8_t next_header = 17;
  std::size_t offset = 0;
  bool more = false;
  std::uint32_t identification = 0;
};

inline std::string ipv6_fragment(const Ipv6Fragment& fragment, const std::string& payload) {
  std::string out;
  out += static_cast<char>(fragment.next_header);
  out += '\0';
  out += be16(fragment.offset | (fragment.more ? 1U : 0U)) + be32(fragment.identification);
  return out + payload;
}

// An IP packet of the version of the addresses.
inline std::string ip(const Address& source, const Address& destination, std::uint8_t protocol,
                      const std::string& payload) {
  if (source.v6) return ipv6({.source = source, .destination = destination, .next_header = protocol}, payload);
  return ipv4({.source = source, .destination = destination, .protocol = protocol}, payload);
}

inline std::string tcp_packet(const Tcp& segment) {
  return ip(segment.source.address, segment.destination.address, 6, tcp(segment));
}
inline std::string udp_packet(const Udp& datagram) {
  return ip(datagram.source.address, datagram.destination.address, 17, udp(datagram));
}

// --- Link --------------------------------------------------------------------------------------------------------

// `tags`: VLAN identifiers, the outermost first.
inline std::string ethernet(std::uint16_t type, const std::string& payload,
                            const std::vector<std::uint16_t>& tags = {}) {
  std::string out = bytes_of({0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1});
  for (const std::uint16_t tag : tags) out += be16(0x8100) + be16(tag);
  return out + be16(type) + payload;
}

// An IP packet in an Ethernet frame, of the type that its version asks for.
inline std::string ethernet(const std::string& packet, const std::vector<std::uint16_t>& tags = {}) {
  const bool v6 = !packet.empty() && (static_cast<unsigned char>(packet[0]) >> 4U) == 6;
  return ethernet(v6 ? 0x86dd : 0x0800, packet, tags);
}

inline std::string tcp_frame(const Tcp& segment) {
  return ethernet(tcp_packet(segment));
}
inline std::string udp_frame(const Udp& datagram) {
  return ethernet(udp_packet(datagram));
}

// A view of `frame`, which must outlive it.
inline net::Packet captured(const std::string& frame, Timestamp time = {},
                            net::LinkType link = net::LinkType::ethernet) {
  net::Packet packet;
  packet.time = time;
  packet.data = frame;
  packet.original_length = static_cast<std::uint32_t>(frame.size());
  packet.link = link;
  packet.number = 1;
  return packet;
}

// --- Capture files -----------------------------------------------------------------------------------------------

struct Record {
  Timestamp time = {};
  std::string data = {};
  std::uint32_t original_length = 0;  // 0: as much as there is in data
};

// The first four bytes of a pcap file say byte order and unit.
enum class PcapForm : std::uint8_t { little_micro, little_nano, big_micro, big_nano };

// A pcap file (draft-ietf-opsawg-pcap) with these records.
inline std::string pcap(const std::vector<Record>& records, net::LinkType link = net::LinkType::ethernet,
                        PcapForm form = PcapForm::little_nano, std::uint32_t snapshot_length = 262144) {
  const bool little = form == PcapForm::little_micro || form == PcapForm::little_nano;
  const bool nano = form == PcapForm::little_nano || form == PcapForm::big_nano;
  const auto u16 = [&](std::uint64_t value) { return little ? le16(value) : be16(value); };
  const auto u32 = [&](std::uint64_t value) { return little ? le32(value) : be32(value); };
  std::string out = u32(nano ? 0xa1b23c4dU : 0xa1b2c3d4U) + u16(2) + u16(4) + u32(0) + u32(0) + u32(snapshot_length);
  out += u32(static_cast<std::uint64_t>(link));
  for (const Record& record : records) {
    const std::int64_t fraction = record.time.nanoseconds % 1'000'000'000;
    out += u32(static_cast<std::uint64_t>(record.time.nanoseconds / 1'000'000'000));
    out += u32(static_cast<std::uint64_t>(nano ? fraction : fraction / 1000));
    out += u32(record.data.size());
    out += u32(record.original_length != 0 ? record.original_length : record.data.size());
    out += record.data;
  }
  return out;
}

// A folder of its own for one test, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "wiretape-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Writes a file and gives its path.
  [[nodiscard]] std::string file(const std::string& name, const std::string& content) const {
    const std::filesystem::path path = path_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace wiretape::support
