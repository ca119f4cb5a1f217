// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "proto/http2/block.hpp"
#include "proto/http2/frame.hpp"
#include "proto/http2/hpack.hpp"
#include "proto/support/hex.hpp"
#include "proto/support/http2_talk.hpp"

using namespace wiretape;
using namespace wiretape::test;
using http2::HeaderDecoder;

namespace {

// Fields as text, "name: value" and a bar behind each.
class Seen final : public http2::FieldSink {
 public:
  void field(Bytes name, Bytes value) override {
    text += name;
    text += ": ";
    text += value;
    text += '|';
  }
  std::string text;
};

std::string decoded(HeaderDecoder& decoder, Bytes block) {
  Seen seen;
  switch (decoder.decode(block, seen)) {
    case HeaderDecoder::Result::whole: return seen.text;
    case HeaderDecoder::Result::unknown: return seen.text + " unknown";
    case HeaderDecoder::Result::malformed: return seen.text + " malformed";
  }
  return {};
}

// The three requests of RFC 7541, appendix C.4: with Huffman's code, each leaning on the one before.
const std::string first_block = bytes_of("828684418cf1e3c2e5f23a6ba0ab90f4ff");
const std::string second_block = bytes_of("828684be5886a8eb10649cbf");
const std::string third_block = bytes_of("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf");

}  // namespace

TEST_SUITE("http2 wire") {
  TEST_CASE("the example of the standard") {
    HeaderDecoder decoder;
    CHECK(decoded(decoder, first_block) == ":method: GET|:scheme: http|:path: /|:authority: www.example.com|");
    CHECK(decoded(decoder, second_block) ==
          ":method: GET|:scheme: http|:path: /|:authority: www.example.com|cache-control: no-cache|");
    CHECK(decoded(decoder, third_block) ==
          ":method: GET|:scheme: https|:path: /index.html|:authority: www.example.com|custom-key: custom-value|");
  }

  TEST_CASE("who comes later knows what was said since") {
    HeaderDecoder decoder;
    decoder.lose();
    CHECK(decoded(decoder, second_block) ==
          ":method: GET|:scheme: http|:path: /|?: ?|cache-control: no-cache| unknown");
    CHECK(decoded(decoder, third_block) ==
          ":method: GET|:scheme: https|:path: /index.html|?: ?|custom-key: custom-value| unknown");
    CHECK(decoded(decoder, bytes_of("82 be bf")) == ":method: GET|custom-key: custom-value|cache-control: no-cache|");
  }

  TEST_CASE("a value whose name is unknown") {
    const struct {
      std::string name, block, expected, again;
    } rows[] = {
        {"is told, and stands in the table", "7f 09 02 'hi'", "?: hi| unknown", "?: hi|"},
        {"not for the table", "0f 39 02 'hi'", "?: hi| unknown", "?: ?| unknown"},
        {"never for a table", "1f 39 02 'hi'", "?: hi| unknown", "?: ?| unknown"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      HeaderDecoder decoder;
      decoder.lose();
      CHECK(decoded(decoder, bytes_of(row.block)) == row.expected);
      CHECK(decoded(decoder, indexed(62)) == row.again);
    }
  }

  TEST_CASE("the table may change its size, before the fields") {
    const struct {
      std::string name, block, expected;
    } rows[] = {
        {"to nothing", "20 40 01 'x' 01 'y' be", "x: y|?: ?| unknown"},
        {"to nothing and back", "20 3fe11f 40 01 'x' 01 'y' be", "x: y|x: y|"},
        {"to more than is held", "3fffffff07 40 01 'x' 01 'y' be", "x: y|x: y|"},
        {"behind a field", "82 20", ":method: GET| malformed"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      HeaderDecoder decoder;
      CHECK(decoded(decoder, bytes_of(row.block)) == row.expected);
    }
  }

  TEST_CASE("what is no header block") {
    const std::string rows[] = {
        "80",                      // an index of nothing
        "ffffffffffffffffff",      // an index without end
        "40",                      // no name
        "40 05 'abc'",             // half a name
        "40 01 'x'",               // no value
        "40 01 'x' 7fffffffff0f",  // a value longer than all
        "00 81 ff 01 'x'",         // Huffman's code does not end in ones
        "3fffffffffffffffff",      // a size without end
    };
    for (const auto& row : rows) {
      CAPTURE(row);
      HeaderDecoder decoder;
      CHECK(decoded(decoder, bytes_of("82 40 01 'a' 01 'b'") + bytes_of(row)).ends_with(" malformed"));
      CHECK(decoded(decoder, bytes_of("82 be")) == ":method: GET|?: ?| unknown");
    }
  }

  TEST_CASE("every cut of a block is malformed or a shorter one") {
    for (std::size_t cut = 0; cut < third_block.size(); ++cut) {
      CAPTURE(cut);
      HeaderDecoder decoder;
      decoded(decoder, first_block);
      decoded(decoder, second_block);
      const std::string whole = ":method: GET|:scheme: https|:path: /index.html|:authority: www.example.com|";
      std::string text = decoded(decoder, third_block.substr(0, cut));
      if (text.ends_with(" malformed")) text.resize(text.size() - 10);
      CHECK(whole.starts_with(text));
    }
  }

  TEST_CASE("frames are found among other bytes") {
    const std::string ping = frame(FrameType::ping, 0, 0, "12345678");
    const struct {
      std::string name, bytes;
      std::size_t at;
      bool sure;
    } rows[] = {
        {"at the front, another behind", ping + answer(1, "200").substr(0, 12), 0, true},
        {"at the front, and nothing else", ping, 0, true},
        {"at the front, half of it", ping.substr(0, 12), 0, false},
        {"behind text", "the rest of a body" + ping + ping, 18, true},
        {"behind zeros", std::string(100, '\0') + ping + ping, 100, true},
        {"too few bytes to tell", "12345678", 0, false},
        {"nowhere", std::string(50, 'x'), 42, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const http2::Found found = http2::find_frames(row.bytes);
      CHECK(found.at == row.at);
      CHECK(found.sure == row.sure);
    }
  }
}
