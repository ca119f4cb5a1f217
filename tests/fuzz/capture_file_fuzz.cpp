// SPDX-License-Identifier: Apache-2.0
// A capture file, compressed or not: read to its end, then every packet again by its position.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "capture/file.hpp"

using namespace wiretape;

namespace {

void read_again(capture::PacketSource& source, const std::vector<std::pair<std::uint64_t, std::string>>& packets) {
  for (const auto& [position, data] : packets) {
    const auto packet = source.again(position);
    if (!packet || packet->data != data) std::abort();
  }
}

void read(const std::string& path) {
  const auto source = capture::open_file(path, {.largest_read = 64});
  if (!source) return;
  std::vector<std::pair<std::uint64_t, std::string>> packets;
  std::uint64_t count = 0;
  for (;;) {
    const auto batch = (*source)->next();
    if (!batch || batch->empty()) break;
    for (const net::Packet& packet : *batch) {
      if (packet.number != ++count || packet.interface >= (*source)->interfaces().size()) std::abort();
      if ((*source)->can_read_again()) packets.emplace_back(packet.position, packet.data);
    }
  }
  const auto end = (*source)->next();
  if (!end || !end->empty()) std::abort();
  read_again(**source, packets);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = memfd_create("capture", MFD_CLOEXEC);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  read("/proc/self/fd/" + std::to_string(file));
  close(file);
  return 0;
}
