// SPDX-License-Identifier: Apache-2.0
// Capture files: pcap (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html), microseconds and nanoseconds,
// both byte orders; pcapng (draft-ietf-opsawg-pcapng) with several sections and interfaces. Own record walk over large reads: libpcap
// reads 4 KiB at a time.
#pragma once

#include <memory>
#include <string>

#include "capture/source.hpp"

namespace wiretape::capture {

// "-" is standard input. Fails with ErrorKind::input where the file cannot be opened or is no capture file; the message names the file.
Result<std::unique_ptr<PacketSource>> open_file(const std::string& path);

}  // namespace wiretape::capture
