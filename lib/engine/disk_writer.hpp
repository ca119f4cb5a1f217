// SPDX-License-Identifier: Apache-2.0
// Writing off the capture path: a thread of its own, so that a slow disk fills a queue and not the kernel's ring.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "engine/recording_sink.hpp"
#include "record/job.hpp"
#include "record/recording.hpp"

namespace wiretape::engine {

// Each batch goes to the kernel as it comes, in the order packets, streams, calls; data is brought to the disk and
// recording.json renewed each second. `recording` belongs to the thread from construction until finish() returns.
class DiskWriter {
 public:
  // `queue_limit` in bytes: beyond it submit() waits for the disk.
  DiskWriter(record::Recording& recording, std::size_t queue_limit);
  ~DiskWriter();
  DiskWriter(const DiskWriter&) = delete;
  DiskWriter& operator=(const DiskWriter&) = delete;

  // Takes what is in the batch and leaves it empty. `totals` are those at this moment.
  void submit(WriteBatch& batch, const record::Totals& totals);

  // Everything submitted so far is with the kernel when it returns.
  void flush();

  // Writes the rest and ends the thread; the recording is not finished by it.
  Result<void> finish();

  [[nodiscard]] bool failed() const { return failed_.load(std::memory_order_relaxed); }
  // How often submit() had to wait because the disk was too slow.
  [[nodiscard]] std::uint64_t waits() const { return waits_.load(std::memory_order_relaxed); }

 private:
  struct Task {
    std::unique_ptr<WriteBatch> batch;
    record::Totals totals;
  };

  void run();
  void carry_out(Task& task);
  void bring_to_disk(const record::Totals& totals);
  void note(Result<void> result);

  record::Recording& recording_;
  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable work_;  // something was queued, or the end has come
  std::condition_variable room_;  // something was written
  std::deque<Task> queue_;
  std::vector<std::unique_ptr<WriteBatch>> spare_;
  std::size_t queued_ = 0;     // bytes, what is being written included
  std::size_t unwritten_ = 0;  // tasks, likewise
  bool ending_ = false;
  std::optional<Error> error_;
  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> waits_{0};
  std::thread thread_;
};

}  // namespace wiretape::engine
