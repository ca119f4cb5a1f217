// SPDX-License-Identifier: Apache-2.0
#include "engine/workers.hpp"

#include <utility>

namespace wiretape::engine {
namespace {

// Is `left` before `right`, where numbers begin anew after the largest?
bool before(std::uint32_t left, std::uint32_t right) {
  return static_cast<std::int32_t>(left - right) < 0;
}

}  // namespace

Workers::Workers(std::size_t count, std::uint32_t first_batch, Work work)
    : work_(std::move(work)), published_(first_batch), progress_(std::make_unique<Progress[]>(count)) {
  for (std::size_t worker = 0; worker < count; ++worker) progress_[worker].next.store(first_batch);
  for (std::size_t worker = 0; worker < count; ++worker) threads_.emplace_back([this, worker] { run(worker); });
}

Workers::~Workers() {
  ending_.store(true);
  publish();  // a last batch that nobody works on
  for (std::thread& thread : threads_) thread.join();
}

void Workers::publish() {
  published_.fetch_add(1, std::memory_order_release);
  published_.notify_all();
}

bool Workers::finished(std::uint32_t batch) const {
  for (std::size_t worker = 0; worker < threads_.size(); ++worker) {
    if (!before(batch, progress_[worker].next.load(std::memory_order_acquire))) return false;
  }
  return true;
}

void Workers::wait_for(std::uint32_t batch) const {
  for (std::size_t worker = 0; worker < threads_.size(); ++worker) {
    const std::atomic<std::uint32_t>& next = progress_[worker].next;
    for (std::uint32_t seen = 0; !before(batch, seen = next.load(std::memory_order_acquire));) next.wait(seen);
  }
}

void Workers::run(std::size_t worker) {
  std::atomic<std::uint32_t>& next = progress_[worker].next;
  for (std::uint32_t batch = next.load(std::memory_order_relaxed);; ++batch) {
    std::uint32_t published = 0;
    while ((published = published_.load(std::memory_order_acquire)) == batch) published_.wait(published);
    if (ending_.load() && batch + 1 == published) return;
    work_(worker, batch);
    next.store(batch + 1, std::memory_order_release);
    next.notify_one();
  }
}

}  // namespace wiretape::engine
