// SPDX-License-Identifier: Apache-2.0
#include "flow/backlog_coding.hpp"

namespace wiretape::flow {
namespace {

constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1U ^ (0 - (difference >> 63U));
}
constexpr std::uint64_t unzigzag(std::uint64_t coded) {
  return coded >> 1U ^ (0 - (coded & 1U));
}

char* put(char* out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) *out++ = static_cast<char>(value | 0x80U);
  *out++ = static_cast<char>(value);
  return out;
}

const char* take(const char* in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*in++);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return in;
  }
}

}  // namespace

HeldHeader encode_held(const net::Packet& packet, HeldForm form, HeldBase& base) {
  HeldHeader header;
  char* out = header.bytes.data();
  if (form == HeldForm::positions) {
    out = put(out, zigzag(packet.position - base.position));
    out = put(out, zigzag(packet.number - base.number));
    base.position = packet.position;
  } else {
    const std::uint64_t captured = packet.data.size();
    out = put(out, zigzag(static_cast<std::uint64_t>(packet.time.nanoseconds) - base.time));
    out = put(out, zigzag(packet.number - base.number));
    out = put(out, captured);
    out = put(out, zigzag(packet.original_length - captured));
    out = put(out, static_cast<std::uint64_t>(packet.link));
    out = put(out, packet.interface);
    base.time = static_cast<std::uint64_t>(packet.time.nanoseconds);
  }
  base.number = packet.number;
  header.size = static_cast<std::size_t>(out - header.bytes.data());
  return header;
}

const char* decode_held(const char* in, HeldForm form, HeldBase& base, net::Packet& packet) {
  std::uint64_t value = 0;
  packet = {};
  if (form == HeldForm::positions) {
    in = take(in, value);
    packet.position = base.position += unzigzag(value);
    in = take(in, value);
    packet.number = base.number += unzigzag(value);
    return in;
  }
  in = take(in, value);
  base.time += unzigzag(value);
  packet.time = {static_cast<std::int64_t>(base.time)};
  in = take(in, value);
  packet.number = base.number += unzigzag(value);
  std::uint64_t captured = 0;
  in = take(in, captured);
  in = take(in, value);
  packet.original_length = static_cast<std::uint32_t>(captured + unzigzag(value));
  in = take(in, value);
  packet.link = static_cast<net::LinkType>(value);
  in = take(in, value);
  packet.interface = static_cast<std::uint32_t>(value);
  packet.data = Bytes(in, captured);
  return in + captured;
}

}  // namespace wiretape::flow
