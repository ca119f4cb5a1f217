// SPDX-License-Identifier: Apache-2.0
// A stream that became a connection of its own (RFC 8441): another protocol reads what its DATA carries.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/chunk.hpp"
#include "proto/protocol.hpp"

namespace wiretape::http2 {

// Its messages are entries of their own, with the schema of their protocol.
class Tunnel {
 public:
  Tunnel(const Protocol& protocol, const DissectorOptions& options);

  // Takes bytes off the front of `data` until a message ends, which is returned; null when all are taken.
  std::unique_ptr<Message> feed(Direction direction, Bytes& data);
  void gap(Direction direction, std::uint64_t missing);
  // A message that the end of the direction ends; ask until there is none.
  std::unique_ptr<Message> end(Direction direction);

  // The direction is over. Whether both are.
  bool close(Direction direction) {
    sides_[index(direction)].closed = true;
    return sides_[0].closed && sides_[1].closed;
  }

  [[nodiscard]] const Message* peek(Direction direction) const { return dissector_->peek(direction); }
  void recycle(std::unique_ptr<Message> message) { dissector_->recycle(std::move(message)); }

 private:
  struct Side {
    std::string waiting;  // too little to be read
    bool over = false;    // ended, or not to be read any further
    bool closed = false;
  };
  Step next(Direction direction, Bytes& data);
  std::unique_ptr<Message> take();

  const Protocol& protocol_;
  std::unique_ptr<Dissector> dissector_;
  std::array<Side, 2> sides_;
};

}  // namespace wiretape::http2
