// SPDX-License-Identifier: Apache-2.0
#include "proto/tls/handshake.hpp"

#include <algorithm>

namespace wiretape::tls {
namespace {

// Hellos with keys of the time after quantum computers have some 2 KiB; their lists end at 64 KiB each.
constexpr std::size_t longest_hello = 64U << 10U;

// Certificates kept. Chains have some 5 KiB; those with large keys and many names some ten times as much.
constexpr std::size_t most_certificates = 128U << 10U;

// Any message; lists of certification authorities reach 100 KiB.
constexpr std::size_t longest = 1U << 20U;

}  // namespace

void Handshake::read_header() {
  Cursor in(bytes_);
  const auto type = static_cast<HandshakeType>(in.u8());
  missing_ = in.be24();
  const bool is_hello = type == HandshakeType::client_hello || type == HandshakeType::server_hello;
  too_long_ = missing_ > (is_hello ? longest_hello : longest);
  most_kept_ = is_hello ? longest_hello : type == HandshakeType::certificate ? most_certificates : 0;
  cut_ = type == HandshakeType::certificate && missing_ > most_kept_;
}

std::size_t Handshake::take(Bytes fragment) {
  std::size_t used = 0;
  if (bytes_.size() < handshake_header_size) {
    used = std::min(handshake_header_size - bytes_.size(), fragment.size());
    bytes_.append(fragment.substr(0, used));
    if (bytes_.size() < handshake_header_size) return used;
    read_header();
  }
  const std::size_t more = std::min(missing_, fragment.size() - used);
  const std::size_t room = most_kept_ - std::min(most_kept_, bytes_.size() - handshake_header_size);
  bytes_.append(fragment.substr(used, std::min(more, room)));
  missing_ -= more;
  return used + more;
}

void Handshake::clear() {
  bytes_.clear();
  missing_ = most_kept_ = 0;
  too_long_ = cut_ = false;
}

}  // namespace wiretape::tls
