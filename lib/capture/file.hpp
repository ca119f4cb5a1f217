// SPDX-License-Identifier: Apache-2.0
// Capture files: pcap (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html), microseconds and nanoseconds,
// both byte orders; pcapng (draft-ietf-opsawg-pcapng) with several sections and interfaces; either of them as gzip or
// zstd. Own record walk over large reads: libpcap reads 4 KiB at a time.
#pragma once

#include <memory>
#include <string>

#include "capture/source.hpp"

namespace wiretape::capture {

struct FileOptions {
  // Bytes. Smaller where many files are open at the same time.
  std::size_t largest_read = 1U << 20U;
};

// "-" is standard input. Fails with ErrorKind::input where the file cannot be opened or is no capture file; the message
// names the file. Packet::position is the file offset of the packet's record; no_position for pipes and compressed
// files, which cannot be read again. Memory: two buffers of `largest_read`, or of the largest record.
Result<std::unique_ptr<PacketSource>> open_file(const std::string& path, const FileOptions& options = {});

}  // namespace wiretape::capture
