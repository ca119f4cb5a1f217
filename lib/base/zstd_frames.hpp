// SPDX-License-Identifier: Apache-2.0
// Which zstd frames are unpacked: those of RFC 8878. The library knows older formats too, whose decoders give out
// memory that they have not written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace wiretape {

// Follows the numbers that frames begin with (section 3.1) through pieces that are cut anywhere.
class ZstdFrames {
 public:
  // The next bytes, before the library sees them: false when the frame that they begin is none of the standard.
  bool accept(Bytes bytes) {
    constexpr std::array<std::uint8_t, 4> data = {0x28, 0xB5, 0x2F, 0xFD}, skippable = {0x50, 0x2A, 0x4D, 0x18};
    for (const char c : bytes.substr(0, data.size() - seen_)) {
      const auto byte = static_cast<std::uint8_t>(c);
      const bool first = seen_ == 0;
      if (first) skipping_ = (byte & 0xF0U) == skippable[0];
      const bool any_of_16 = first && skipping_;  // the low bits of the first byte are free
      if (!any_of_16 && byte != (skipping_ ? skippable : data)[seen_]) return false;
      ++seen_;
    }
    return true;
  }

  // A frame has ended: what comes next begins another one.
  void ended() { seen_ = 0; }

 private:
  std::size_t seen_ = 0;   // bytes of the number
  bool skipping_ = false;  // it begins a frame that holds no data
};

}  // namespace wiretape
