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

std::uint64_t place_of(const net::Packet& packet) {
  const net::LinkPoint point = net::link_point(packet);
  return std::uint64_t{packet.interface} << 33U | std::uint64_t{point.interface} << 1U | (point.outgoing ? 1U : 0U);
}

// Times may be anything: a file says them.
bool close_to(Timestamp left, Timestamp right) {
  constexpr auto within = static_cast<std::uint64_t>(copies_within.nanoseconds);
  const std::uint64_t apart =
      static_cast<std::uint64_t>(left.nanoseconds) - static_cast<std::uint64_t>(right.nanoseconds);
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

bool Copies::seen(const net::Segment& segment) {
  const std::uint64_t digest = this->digest(segment);
  const std::uint64_t place = place_of(segment.packets.back());
  auto& [first, second] = sets_[digest >> 32U & (set_count - 1)].entries;
  if (first.digest != digest) {
    std::swap(first, second);
    if (first.digest != digest) first = {.digest = digest, .place = place, .time = segment.time};
  }
  if (first.place != place && close_to(first.time, segment.time)) return true;
  first.place = place;
  first.time = segment.time;
  return false;
}

}  // namespace wiretape::flow
