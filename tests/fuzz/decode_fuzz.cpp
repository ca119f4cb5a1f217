// SPDX-License-Identifier: Apache-2.0
// One packet: two bytes of link type, two of how much longer it was on the wire, then what was captured.
#include <cstdint>
#include <cstdlib>

#include "net/decode.hpp"
#include "net/defragment.hpp"
#include "net/load.hpp"

using namespace wiretape;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const char* const bytes = reinterpret_cast<const char*>(data);
  net::Packet packet;
  packet.link = static_cast<net::LinkType>(net::load_be16(bytes));
  packet.data = {bytes + 4, size - 4};
  packet.original_length = static_cast<std::uint32_t>(packet.data.size()) + net::load_be16(bytes + 2);

  net::Defragmenter defragmenter;
  net::Decoded decoded;
  net::decode(packet, defragmenter, decoded);
  if (decoded.drop != net::Drop::none) return 0;
  const Bytes payload = decoded.segment.payload;
  if (payload.size() > decoded.segment.payload_length) std::abort();
  if (!payload.empty() && (payload.begin() < packet.data.begin() || payload.end() > packet.data.end())) std::abort();
  return 0;
}
