// SPDX-License-Identifier: Apache-2.0
// Classic pcap files: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html
//
//   file   := magic version(2+2) reserved(8) snapshot_length(4) link_type(4) record*
//   record := seconds(4) fraction(4) captured_length(4) original_length(4) bytes
#pragma once

#include "base/bytes.hpp"
#include "capture/format.hpp"

namespace wiretape::capture {

inline constexpr std::size_t pcap_header_length = 24;

// `start` is the file's start, at least pcap_header_length bytes unless the file is shorter.
Opened open_pcap(Bytes start);

}  // namespace wiretape::capture
