// SPDX-License-Identifier: Apache-2.0
// Live recordings in front of a person, or as a service: signals in, lines out.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "engine/recorder.hpp"

namespace wiretape::cli {

enum class Talk : std::uint8_t { quiet, usual };

struct LiveOutcome {
  std::optional<Error> error;  // of the job that failed last
  engine::JobReport last;      // of the job that ended last
};

// SIGINT, SIGTERM and SIGHUP end it, SIGUSR1 shows the counters, SIGUSR2 flushes. `ready` is called once, when the first
// job has come as far as it can for now: its recording has begun, or waits for its time.
class LiveSession {
 public:
  LiveSession(const engine::RecorderOptions& options, Talk talk);
  ~LiveSession();
  LiveSession(const LiveSession&) = delete;
  LiveSession& operator=(const LiveSession&) = delete;

  void add(record::Recording recording, engine::Recorder::Stillborn stillborn);
  void when_ready(std::function<void()> ready);
  void each_tick(std::function<void()> tick);
  LiveOutcome run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape::cli
