// SPDX-License-Identifier: Apache-2.0
// Carries out recording jobs: one for `record create`, all of a store for `record run`.
//
// This process keeps the privileges, the clock and the signals, and reads nothing from the wire. Jobs that capture in
// the same way share a capturing process, which opens the interfaces, gives up what it does not need, takes the traffic
// apart and writes. While an iteration is recorded its recording belongs to that process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "capture/live.hpp"
#include "engine/capture_child.hpp"
#include "engine/words.hpp"
#include "record/recording.hpp"

namespace wiretape::engine {

// What a person may ask for while it runs.
enum class LiveWish : std::uint8_t { stop, report, flush };

// The world outside. What is not set is not called.
struct RecorderControl {
  int descriptor = -1;                          // readable when take() has something
  std::function<std::vector<LiveWish>()> take;  // does not block
  // An iteration of the job is being recorded, until then (none: until interrupted).
  std::function<void(const record::Job&, const std::vector<capture::Interface>&, std::optional<Timestamp> until)> began;
  std::function<void(std::string_view)> notice;          // a sentence
  std::function<void(const JobReport&)> report;          // an answer to LiveWish::report
  std::function<void(const JobReport&)> iteration_over;  // and more are to come
  std::function<void(const JobReport&)> job_over;
  std::function<void()> tick;  // four times a second
};

struct RecorderOptions {
  std::string store;
  std::string user;  // -Z
  std::size_t workers = 0;
  CaptureRequest::Terminal terminal = CaptureRequest::Terminal::shared;
  // Until its jobs are over, or until it is stopped, taking up every job of the store that comes.
  enum class Life : std::uint8_t { with_its_jobs, service } life = Life::with_its_jobs;
};

class Recorder {
 public:
  // Both must outlive it. Must be used by a process with one thread.
  Recorder(const RecorderOptions& options, const RecorderControl& control);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // What becomes of a job whose first iteration cannot begin: it goes without a trace (who asked for it is there to
  // hear why), or it stays as failed.
  enum class Stillborn : std::uint8_t { removed, kept_as_failed };
  void add(record::Recording recording, Stillborn stillborn);

  // Each job's end is told to the control. Stopped from outside, a job is `stopped`; those of a service are left as
  // they are, to be gone on with by the next.
  void run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::engine
