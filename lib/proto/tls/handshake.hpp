// SPDX-License-Identifier: Apache-2.0
// The handshake messages of one direction, put together from fragments of records: RFC 8446 section 5.1.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.hpp"
#include "proto/tls/wire.hpp"

namespace wiretape::tls {

// One message after the other. Keeps the bytes of those that say something, up to a bound, and counts the others.
class Handshake {
 public:
  // Takes what belongs to the message, and says how much that was.
  std::size_t take(Bytes fragment);
  // For the next message.
  void clear();

  [[nodiscard]] bool begun() const { return !bytes_.empty(); }
  [[nodiscard]] bool whole() const { return bytes_.size() >= handshake_header_size && missing_ == 0; }
  [[nodiscard]] bool too_long() const { return too_long_; }  // more than any message is
  [[nodiscard]] bool cut() const { return cut_; }            // more than is kept

  // Of a whole message. The view is valid until anything is taken or cleared.
  [[nodiscard]] HandshakeType type() const { return static_cast<HandshakeType>(bytes_.front()); }
  [[nodiscard]] Bytes body() const { return Bytes(bytes_).substr(handshake_header_size); }

 private:
  void read_header();

  std::string bytes_;          // with the header
  std::size_t missing_ = 0;    // bytes of the body that have still to come
  std::size_t most_kept_ = 0;  // of the body
  bool too_long_ = false;
  bool cut_ = false;
};

}  // namespace wiretape::tls
