// SPDX-License-Identifier: Apache-2.0
// Threads that all work through the same sequence of batches, each on its own part of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace wiretape::engine {

class Workers {
 public:
  // Each thread calls work(its number, number of the batch) for one batch after the other. Numbers count from 0 and
  // begin anew after 2^32.
  using Work = std::function<void(std::size_t worker, std::uint32_t batch)>;
  Workers(std::size_t count, std::uint32_t first_batch, Work work);
  // Works through everything that was published first.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // One more batch is there: what was written before is seen by the threads.
  void publish();
  // All threads are through with `batch`: what they wrote is seen by the caller.
  [[nodiscard]] bool finished(std::uint32_t batch) const;
  void wait_for(std::uint32_t batch) const;

 private:
  // Of one thread, on a cache line of its own.
  struct alignas(64) Progress {
    std::atomic<std::uint32_t> next;  // the first batch that it has not finished
  };

  void run(std::size_t worker);

  Work work_;
  alignas(64) std::atomic<std::uint32_t> published_;  // the first batch that is not there yet
  std::atomic<bool> ending_{false};
  std::unique_ptr<Progress[]> progress_;
  std::vector<std::thread> threads_;
};

}  // namespace wiretape::engine
