// SPDX-License-Identifier: Apache-2.0
// Header compression undone (HPACK, RFC 7541), also where the beginning of the connection was not seen.
//
//   block   := update* field*
//   update  := 001 size:5+
//   field   := 1 index:7+                          name and value from the table
//            | 01 index:6+ [ string ] string       to be added to the table; the first string where the index is 0
//            | 000T index:4+ [ string ] string     not to be added
//   string  := huffman:1 length:7+ octets
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"

struct nghttp2_hd_inflater;

namespace wiretape::http2 {

// What stands for a name or a value that was said before the capture saw it.
inline constexpr Bytes unknown_text = "?";

struct FieldSink {
  // Views, valid during the call.
  virtual void field(Bytes name, Bytes value) = 0;

 protected:
  ~FieldSink() = default;
};

// The table of one direction. Blocks must come in their order, whole.
class HeaderDecoder {
 public:
  enum class Result : std::uint8_t {
    whole,
    unknown,    // some names or values are unknown_text
    malformed,  // what stands behind the fields that were told is lost, and with it what it would have added to the
                // table
  };
  Result decode(Bytes block, FieldSink& sink);

  // Blocks were missed: what the table holds is not known. What it will hold is.
  void lose();

  // Bytes that the table takes at most: a peer that may fill a greater one is read as one whose entries were missed.
  static constexpr std::uint32_t most_table = 64U << 10U;

 private:
  struct Representation;
  static bool next(Bytes& rest, Representation& out);
  bool take_update(std::uint32_t size);
  bool take_field(const Representation& field, FieldSink& sink, bool& unknown);
  bool inflate(Bytes bytes, FieldSink* sink);
  bool ready();

  struct Deleter {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::unique_ptr<nghttp2_hd_inflater, Deleter> inflater_;
};

}  // namespace wiretape::http2
