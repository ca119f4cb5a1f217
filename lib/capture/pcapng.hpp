// SPDX-License-Identifier: Apache-2.0
// pcapng files: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html
//
//   file  := (section_header block*)+
//   block := type(4) length(4) body length(4)       length counts all of the block, a multiple of 4
//
// Read are section headers of both byte orders, interface descriptions, enhanced, simple and obsolete packet blocks;
// every other block is skipped by its length.
#pragma once

#include "base/bytes.hpp"
#include "capture/format.hpp"

namespace wiretape::capture {

inline constexpr std::size_t pcapng_header_length = 12;  // of a section header: as far as its byte order

// `start` is the file's start, at least pcapng_header_length bytes unless the file is shorter.
Opened open_pcapng(Bytes start);

}  // namespace wiretape::capture
