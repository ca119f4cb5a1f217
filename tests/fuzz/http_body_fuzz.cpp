// SPDX-License-Identifier: Apache-2.0
// Bodies that say they are packed, up to four codings deep, in pieces; and forms.
//
//   input := codings limit piece bytes    codings: two bits each, the first is how many; limit: its highest bit puts
//   compress over them
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "json/writer.hpp"
#include "proto/http/body.hpp"
#include "proto/http/form.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t head = 3;
  if (size < head) return 0;
  const std::size_t limit = std::size_t{data[1] & 0x7FU} * 32;
  const std::size_t piece = std::size_t{data[2]} + 1;
  const Bytes wire(reinterpret_cast<const char*>(data + head), size - head);

  http::Codings codings;
  for (unsigned i = 0; i < (data[0] & 3U); ++i) codings.add(static_cast<http::Coding>(data[0] >> (2U + 2U * i) & 3U));
  if ((data[1] & 0x80U) != 0) codings.add(http::Coding::compress);
  http::Body body;
  body.begin(codings, limit);
  for (std::size_t at = 0; at < wire.size(); at += piece) body.append(wire.substr(at, piece));
  require(body.text().size() <= limit);
  require(body.packed_size() == wire.size());
  if (!body.cut()) require(body.size() == body.text().size());

  std::string out;
  json::Writer writer(out);
  http::tell_form("application/x-www-form-urlencoded", body.text(), writer);
  http::tell_form("multipart/form-data; boundary=x", body.text(), writer);
  require(json::is_utf8(out));
  return 0;
}
