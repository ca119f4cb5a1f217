// SPDX-License-Identifier: Apache-2.0
// A capturing process (engine/capture_child.hpp) as its recorder sees it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/capture_child.hpp"
#include "engine/words.hpp"
#include "record/recording.hpp"

namespace wiretape::engine {

// Must be used by a process with one thread. If that dies, the kernel kills the capturing process, and what was being
// recorded is `interrupted`, readable up to its last flush.
class CaptureProcess {
 public:
  static Result<CaptureProcess> start(const CaptureRequest& request);
  CaptureProcess(CaptureProcess&& other) noexcept;
  CaptureProcess& operator=(CaptureProcess&& other) noexcept;
  ~CaptureProcess();  // ends it and waits for its end

  [[nodiscard]] int socket() const { return socket_.number(); }  // readable when hear() has something

  // None when it has gone.
  std::optional<Saying> hear() { return engine::hear(socket()); }
  void add(const NewJob& job, const record::Recording& recording);
  void end(const JobEnd& end) { say(socket(), Word::end, pack(end)); }
  void ask(Word word) { say(socket(), word); }

  // Waits for its end, and says how it came about: a sentence.
  std::string last_words();

 private:
  CaptureProcess(pid_t process, record::Descriptor socket) : process_(process), socket_(std::move(socket)) {}

  pid_t process_;
  record::Descriptor socket_;
};

}  // namespace wiretape::engine
