// SPDX-License-Identifier: Apache-2.0
// One WebSocket message: what its frames said, joined.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "entry/entry.hpp"
#include "proto/ws/frame.hpp"

namespace wiretape::ws {

// The first bytes of a payload, up to a limit.
class Kept {
 public:
  // Memory grown before serves again.
  void begin(std::size_t limit);
  // What follows is kept up to so many bytes in all.
  void keep_at_most(std::size_t limit);
  void append(Bytes bytes);
  // Takes the mask off; `at` is where in the frame's payload `bytes` begin.
  void append_masked(Bytes bytes, const Frame& frame, std::uint64_t at);
  void clear() { bytes_.clear(); }
  void remove_prefix(std::size_t size) { bytes_.erase(0, size); }
  // Some of it did not come, or was not kept.
  void cut() { cut_ = true; }

  [[nodiscard]] bool is_cut() const { return cut_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::size_t memory() const { return bytes_.capacity(); }

 private:
  std::string bytes_;
  std::size_t limit_ = 0;
  bool cut_ = false;
};

class Message final : public wiretape::Message {
 public:
  // Begins a new message with its first frame.
  void begin(const Frame& frame, std::size_t payload_limit);
  // Takes what a frame's head says, of the first one too.
  void add(const Frame& frame);
  // Nothing more comes: what is kept is the payload now.
  void finish();
  // The first fault counts, but that bytes are missing explains all others.
  void blame(const Fault& why);

  [[nodiscard]] Opcode opcode() const { return opcode_; }
  [[nodiscard]] bool fin() const { return fin_; }
  [[nodiscard]] bool masked() const { return masked_; }
  // As the frames say, together; on the wire, so before unpacking.
  [[nodiscard]] std::uint64_t payload_length() const { return payload_length_; }
  [[nodiscard]] std::optional<std::uint16_t> close_code() const { return close_code_; }
  // Unmasked and unpacked, up to the limit; of a close frame its reason. A text that is cut ends with a whole
  // character.
  [[nodiscard]] std::string_view payload() const;

  Kept kept;
  bool compressed = false;

 private:
  void read_close();

  std::uint64_t payload_length_ = 0;
  std::optional<std::uint16_t> close_code_;
  Opcode opcode_ = Opcode::continuation;
  bool fin_ = false;
  bool masked_ = false;
};

}  // namespace wiretape::ws
