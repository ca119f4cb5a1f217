// SPDX-License-Identifier: Apache-2.0
// Bodies of gRPC calls in every coding and format; what is whole is the same when the body is cut behind it.
//
//   input := coding type limit body       a byte each
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "json/writer.hpp"
#include "proto/grpc/payload.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

std::string told(const grpc::Payload& payload) {
  std::string text;
  json::Writer writer(text);
  payload.tell(writer);
  require(json::is_utf8(text));
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 7> encodings = {"", "gzip", "deflate", "zstd", "br", "snappy", "lzma"};
  constexpr std::array<std::string_view, 4> types = {"application/grpc", "application/grpc+json",
                                                     "application/grpc-web", "application/grpc-web-text"};
  constexpr std::size_t head = 3;
  if (size < head) return 0;
  const grpc::BodyForm form{.content_type = types[data[1] % types.size()],
                            .encoding = encodings[data[0] % encodings.size()],
                            .limit = std::size_t{data[2]} * 64};
  const Bytes body(reinterpret_cast<const char*>(data + head), size - head);

  grpc::Payload payload;
  payload.read(body, form);
  const std::string first = told(payload);
  static_cast<void>(payload.trailer("grpc-status"));
  payload.read(body, form);
  require(told(payload) == first);
  return 0;
}
