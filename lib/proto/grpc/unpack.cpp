// SPDX-License-Identifier: Apache-2.0
#include "proto/grpc/unpack.hpp"

#include <snappy.h>

#include <algorithm>
#include <array>

namespace wiretape::grpc {
namespace {

struct Named {
  std::string_view name;
  Encoding encoding;
};
constexpr std::array<Named, 8> encodings = {{{"", Encoding::identity},
                                             {"identity", Encoding::identity},
                                             {"gzip", Encoding::gzip},
                                             {"deflate", Encoding::deflate},
                                             {"br", Encoding::brotli},
                                             {"zstd", Encoding::zstd},
                                             {"snappy", Encoding::snappy},
                                             {"x-snappy-framed", Encoding::snappy}}};

constexpr http::Coding http_coding(Encoding encoding) {
  switch (encoding) {
    case Encoding::gzip: return http::Coding::gzip;
    case Encoding::deflate: return http::Coding::deflate;
    case Encoding::brotli: return http::Coding::brotli;
    case Encoding::zstd: return http::Coding::zstd;
    default: return http::Coding::unknown;
  }
}

constexpr Bytes framing_mark("\xFF\x06\x00\x00sNaPpY", 10);

// No honest block packs better: a copy of at most 64 bytes takes two.
constexpr std::size_t most_growth = 64;

void append(Bytes plain, std::size_t limit, http::Unpacked& out) {
  out.size += plain.size();
  out.text += plain.substr(0, limit - std::min(limit, out.text.size()));
  if (out.size > out.text.size()) out.cut = true;
}

// A block says its size in front and is unpacked at once, so that one which is larger than the limit is not unpacked.
void unpack_block(Bytes packed, std::size_t limit, http::Unpacked& out) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size) || size / most_growth > packed.size()) {
    out.broken = out.cut = true;
    return;
  }
  const std::size_t before = out.text.size();
  if (size > limit - std::min(limit, before)) {
    out.size += size;
    out.cut = true;
    return;
  }
  out.text.resize(before + size);
  if (!snappy::RawUncompress(packed.data(), packed.size(), out.text.data() + before)) {
    out.text.resize(before);
    out.broken = out.cut = true;
    return;
  }
  out.size += size;
}

void unpack_framed(Bytes packed, std::size_t limit, http::Unpacked& out) {
  constexpr std::uint8_t compressed = 0x00, plain = 0x01, first_skippable = 0x80;
  constexpr std::size_t checksum = 4;
  for (Cursor in(packed); in.left() != 0 && !out.cut;) {
    const std::uint8_t kind = in.u8();
    Cursor length(in.take(3));
    const std::uint32_t size = length.u8() | static_cast<std::uint32_t>(length.le16()) << 8U;
    const Bytes chunk = in.take(size);
    const bool data = kind == compressed || kind == plain;
    if (!in.ok() || (!data && kind < first_skippable) || (data && size < checksum)) {
      out.broken = out.cut = true;
    } else if (kind == compressed) {
      unpack_block(chunk.substr(checksum), limit, out);
    } else if (kind == plain) {
      append(chunk.substr(checksum), limit, out);
    }
  }
}

}  // namespace

Encoding encoding_of(std::string_view name) {
  const auto* const found =
      std::find_if(encodings.begin(), encodings.end(), [&](const Named& known) { return known.name == name; });
  return found == encodings.end() ? Encoding::unknown : found->encoding;
}

void unpack(Encoding encoding, Bytes packed, std::size_t limit, http::Unpacked& out) {
  out.text.clear();
  out.size = 0;
  out.cut = out.broken = false;
  switch (encoding) {
    case Encoding::identity: return append(packed, limit, out);
    case Encoding::snappy:
      return packed.starts_with(framing_mark) ? unpack_framed(packed, limit, out) : unpack_block(packed, limit, out);
    case Encoding::unknown: out.broken = out.cut = true; return;
    default: break;
  }
  http::Codings codings;
  codings.add(http_coding(encoding));
  http::unpack_whole(codings, packed, limit, out);
}

}  // namespace wiretape::grpc
