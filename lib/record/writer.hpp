// SPDX-License-Identifier: Apache-2.0
// Writes the segments of one iteration. For one thread, which need not be the one that captures.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/packet.hpp"
#include "record/files.hpp"
#include "record/manifest.hpp"
#include "record/ring.hpp"

namespace wiretape::record {

struct WriterOptions {
  std::uint64_t segment_size = 1ULL << 30U;  // bytes of pcap after which a segment is closed
  std::uint64_t storage_limit = 0;           // bytes that the recording may take, 0: no limit
  std::uint64_t taken = 0;                   // bytes of it that other files of the recording take
  // Instead of ending at the storage limit, the oldest segments are let go. Then a segment, its lines included, takes a
  // quarter of the limit at most.
  bool ring = false;
  std::shared_ptr<EarlierIterations> earlier = {};  // whose segments go first; may be null
  std::size_t buffer_size = 1U << 20U;              // bytes held back for each file before they go to the kernel
  std::size_t merge_memory = 24U << 20U;            // bytes that bringing a segment into time order may take
};

// What has been written, buffers included.
struct Written {
  std::uint64_t packets = 0;
  std::uint64_t packet_bytes = 0;  // captured bytes, headers of the file not counted
  std::uint64_t cut_packets = 0;   // longer than a pcap may hold: their end was not written
  std::uint64_t calls = 0;
  std::uint64_t stream_lines = 0;
  std::uint64_t bytes = 0;  // of all files
  std::uint32_t segments = 0;
  LetGo let_go;  // of that, by the ring
};

// After an error nothing more is taken: every call gives that error again, except finish(), which still closes what is
// there. What has been given to the kernel is readable at any time; buffered records reach it with flush().
class IterationWriter {
 public:
  // Writes manifest.json (without entries, or with those of earlier segments, which are then gone on from).
  static Result<std::unique_ptr<IterationWriter>> open(Folder folder, const WriterOptions& options);
  ~IterationWriter();
  IterationWriter(const IterationWriter&) = delete;
  IterationWriter& operator=(const IterationWriter&) = delete;

  // Appends a packet to the open segment of its link type, closing it first when it is full. Packets may come in any
  // order of time: a closed segment is brought into time order, packets of equal time in the order in which they came.
  // `packet.data` is copied. ErrorKind::write at the storage limit; with a ring only when nothing is left to let go.
  Result<void> packet(const net::Packet& packet);

  // One JSON object without newline. Goes beside the segment of the packet that was written last, and reaches the
  // kernel after it.
  Result<void> call(std::string_view json);
  Result<void> stream(std::string_view json);

  // Gives all whole records to the kernel: packets, then streams, then calls, so that no call is there before its
  // packets.
  Result<void> flush();
  // flush(), then brings it to the disk. Fails also when somebody has removed a file that is being written.
  Result<void> sync();

  // Closes all open segments: time order, hash, manifest. The next record opens a new one.
  Result<void> close_segment();

  // The end: close_segment(). After an error as much of that as the system allows, then that error.
  Result<void> finish();

  [[nodiscard]] const Written& written() const;
  // Hash of the manifest's last entry; "" when there is none.
  [[nodiscard]] std::string chain() const;

 private:
  struct Impl;
  explicit IterationWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::record
