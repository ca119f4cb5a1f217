// SPDX-License-Identifier: Apache-2.0
// The digest is a sum of products of pairs of words, each pair with random keys of its own: the products do not wait
// for one another, and a sender cannot choose two packets that look like one.
#include "flow/copies.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "net/link.hpp"

namespace wiretape::flow {
namespace {

constexpr std::size_t chunk = 16;      // two words
constexpr std::size_t looked_at = 64;  // bytes of a payload's start, and of its end
constexpr Duration copies_within = Duration::seconds(1);

__extension__ using Product = unsigned __int128;

std::uint64_t folded(std::uint64_t left, std::uint64_t right) {
  const Product product = Product{left} * right;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

class Digest {
 public:
  explicit Digest(const std::uint64_t* keys) : keys_(keys) {}

  void add(std::uint64_t left, std::uint64_t right) {
    sum_ += folded(left ^ keys_[0], right ^ keys_[1]);
    keys_ += 2;
  }
  void add(const Address& address) { add_chunk(reinterpret_cast<const char*>(address.bytes.data())); }

  // At most twice looked_at. The last chunk may overlap the one before it: how long all is stands in the digest too.
  void add(Bytes bytes) {
    if (bytes.size() < chunk) {
      std::array<char, chunk> padded{};
      bytes.copy(padded.data(), bytes.size());
      return add_chunk(padded.data());
    }
    for (std::size_t at = 0; at + chunk < bytes.size(); at += chunk) add_chunk(bytes.data() + at);
    add_chunk(bytes.data() + bytes.size() - chunk);
  }

  // Never 0.
  [[nodiscard]] std::uint64_t value() const { return folded(sum_ ^ keys_[0], keys_[1]) | 1U; }

 private:
  void add_chunk(const char* at) {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), at, sizeof words);
    add(words[0], words[1]);
  }

  const std::uint64_t* keys_;
  std::uint64_t sum_ = 0;
};

void add_payload(Digest& digest, const net::Segment& segment) {
  const Bytes payload = segment.payload;
  // Where the snapshot length cuts depends on the headers of the link.
  const bool whole = payload.size() == segment.payload_length;
  if (whole && payload.size() <= 2 * looked_at) return digest.add(payload);
  digest.add(payload.substr(0, looked_at));
  if (whole) digest.add(payload.substr(payload.size() - looked_at));
}

// What each transport has beside ports: fields of the others are left over from earlier packets.
std::pair<std::uint64_t, std::uint64_t> own_fields(const net::Segment& segment) {
  if (segment.transport == Transport::tcp) {
    return {std::uint64_t{segment.sequence} << 32U | segment.acknowledgment,
            std::uint64_t{segment.flags} << 32U | std::uint64_t{segment.window} << 16U | segment.urgent};
  }
  if (segment.transport == Transport::icmp) {
    return {std::uint64_t{segment.icmp_type} << 8U | segment.icmp_code,
            std::uint64_t{segment.icmp_id} << 16U | segment.icmp_sequence};
  }
  return {};
}

// A point: the place in the lowest bits, above it the time in units of 1,024 ns. These come round after nine years, and
// may be anything: a file says them.
constexpr unsigned place_bits = 16;
constexpr unsigned unit_bits = 10;

bool same_place(std::uint64_t left, std::uint64_t right) {
  return ((left ^ right) << (64U - place_bits)) == 0;
}

bool close_in_time(std::uint64_t left, std::uint64_t right) {
  constexpr std::uint64_t within = static_cast<std::uint64_t>(copies_within.nanoseconds) >> unit_bits << place_bits;
  const std::uint64_t apart = (left >> place_bits << place_bits) - (right >> place_bits << place_bits);
  return apart + within <= 2 * within;
}

}  // namespace

Copies::Copies() : sets_(set_count) {
  if (getrandom(keys_.data(), sizeof keys_, 0) == static_cast<ssize_t>(sizeof keys_)) return;
  std::random_device device;
  for (auto& key : keys_) key = static_cast<std::uint64_t>(device()) << 32U | device();
}

std::uint64_t Copies::digest(const net::Segment& segment) const {
  Digest digest(keys_.data());
  digest.add(segment.source.address);
  digest.add(segment.destination.address);
  const std::uint64_t kind =
      std::uint64_t{segment.source.address.v6} << 8U | static_cast<std::uint64_t>(segment.transport);
  digest.add(kind << 32U | std::uint64_t{segment.source.port} << 16U | segment.destination.port,
             segment.payload_length);
  const auto [first, second] = own_fields(segment);
  digest.add(first, second);
  if (!segment.payload.empty()) add_payload(digest, segment);
  return digest.value();
}

// Two places that look like one, of 65,536, are no harm: their copies are kept.
std::uint64_t Copies::point(const net::Segment& segment) const {
  const net::Packet& packet = segment.packets.back();
  const net::LinkPoint at = net::link_point(packet);
  const std::uint64_t way = std::uint64_t{at.interface} << 1U | (at.outgoing ? 1U : 0U);
  const std::uint64_t place =
      (std::uint64_t{packet.interface} << 33U ^ way) * (keys_.back() | 1U) >> (64U - place_bits);
  return static_cast<std::uint64_t>(segment.time.nanoseconds) >> unit_bits << place_bits | place;
}

bool Copies::seen(const net::Segment& segment) {
  const Entry entry = {.digest = digest(segment), .point = point(segment)};
  auto& entries = sets_[entry.digest >> 32U & (set_count - 1)].entries;
  for (Entry& known : entries) {
    if (known.digest != entry.digest) continue;
    if (!same_place(known.point, entry.point) && close_in_time(known.point, entry.point)) return true;
    known.point = entry.point;
    return false;
  }
  std::copy_backward(entries.begin(), entries.end() - 1, entries.end());
  entries.front() = entry;
  return false;
}

}  // namespace wiretape::flow
