// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_writer.hpp"

#include <chrono>
#include <utility>

namespace wiretape::engine {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds sync_every{1};

}  // namespace

DiskWriter::DiskWriter(record::Recording& recording, std::size_t queue_limit)
    : recording_(recording), queue_limit_(queue_limit), thread_([this] { run(); }) {}

DiskWriter::~DiskWriter() {
  if (thread_.joinable()) static_cast<void>(finish());
}

void DiskWriter::submit(WriteBatch& batch, const record::Totals& totals) {
  const std::size_t size = batch.size();
  std::unique_lock lock(mutex_);
  if (queued_ + size > queue_limit_ && queued_ != 0) {
    waits_.fetch_add(1, std::memory_order_relaxed);
    room_.wait(lock, [&] { return queued_ + size <= queue_limit_ || queued_ == 0; });
  }
  std::unique_ptr<WriteBatch> taken;
  if (spare_.empty()) {
    taken = std::make_unique<WriteBatch>();
  } else {
    taken = std::move(spare_.back());
    spare_.pop_back();
  }
  std::swap(*taken, batch);
  queued_ += size;
  ++unwritten_;
  queue_.push_back({.batch = std::move(taken), .totals = totals});
  lock.unlock();
  work_.notify_one();
}

void DiskWriter::flush() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return unwritten_ == 0; });
}

Result<void> DiskWriter::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_one();
  thread_.join();
  return error_ ? Result<void>(*error_) : Result<void>{};
}

void DiskWriter::run() {
  Clock::time_point synced = Clock::now();
  record::Totals totals;
  bool unsynced = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait_until(lock, synced + sync_every, [&] { return !queue_.empty() || ending_; });
    if (queue_.empty() && ending_) return;
    if (!queue_.empty()) {
      Task task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      const std::size_t size = task.batch->size();
      unsynced = unsynced || !task.batch->empty() || task.totals != totals;
      totals = task.totals;
      carry_out(task);
      lock.lock();
      queued_ -= size;
      --unwritten_;
      spare_.push_back(std::move(task.batch));
      room_.notify_all();
    }
    if (Clock::now() - synced < sync_every) continue;
    lock.unlock();
    if (std::exchange(unsynced, false)) bring_to_disk(totals);
    synced = Clock::now();
    lock.lock();
  }
}

void DiskWriter::carry_out(Task& task) {
  if (error_) return task.batch->clear();
  note(write(*task.batch, nullptr, *recording_.writer()));
  if (!error_) note(recording_.writer()->flush());
}

void DiskWriter::bring_to_disk(const record::Totals& totals) {
  if (!error_) note(recording_.writer()->sync());
  if (!error_) note(recording_.update(totals));
}

// error_ is this thread's until it has ended.
void DiskWriter::note(Result<void> result) {
  if (result || error_) return;
  error_ = std::move(result).error();
  failed_.store(true, std::memory_order_relaxed);
}

}  // namespace wiretape::engine
