// SPDX-License-Identifier: Apache-2.0
// The packed messages of a gRPC call, by the names of grpc-encoding: gzip, deflate, zstd, br, snappy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "proto/http/coding.hpp"

namespace wiretape::grpc {

enum class Encoding : std::uint8_t { identity, gzip, deflate, brotli, zstd, snappy, unknown };

// "" is identity.
Encoding encoding_of(std::string_view name);

// Undoes `encoding` into `out`, keeping at most `limit` bytes. Time is linear in the limit and in what goes in.
// Snappy comes as a block or in its framing format (google/snappy, format_description.txt and framing_format.txt).
void unpack(Encoding encoding, Bytes packed, std::size_t limit, http::Unpacked& out);

}  // namespace wiretape::grpc
