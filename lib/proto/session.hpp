// SPDX-License-Identifier: Apache-2.0
// One stream seen as calls: which protocol, where messages end, which response belongs to which request.
#pragma once

#include <memory>

#include "base/chunk.hpp"
#include "base/stream_facts.hpp"
#include "entry/entry.hpp"
#include "proto/protocol.hpp"

namespace wiretape {

// Who hears of a stream's calls. Entries are views, valid during the call.
struct EntryListener {
  // A call is complete, or will never be more complete than this (then its fault says why). Once for each call.
  virtual void complete(const Entry& entry) = 0;
  // The head of a request or response is known and its body has still to come; entry.stage tells how far it is known.
  // Returns whether the body should be kept.
  virtual bool opened(const Entry& entry) = 0;
  // The protocol was found, or (null) it is none that is known; may come again after a hand-over.
  virtual void identified(const Protocol* protocol) = 0;

 protected:
  ~EntryListener() = default;
};

// What all sessions of a shard share: settings, pools of memory, a secret for no one else. One for each thread.
class SessionPool {
 public:
  explicit SessionPool(const DissectorOptions& options);
  ~SessionPool();
  SessionPool(const SessionPool&) = delete;
  SessionPool& operator=(const SessionPool&) = delete;

  // A protocol that no statement can match is detected as ever (so that a stream is known to be of no use) but not dissected:
  // the session tells identified() and then ignores every byte. All are wanted at the start.
  void want(const Protocol& protocol, bool wanted);

 private:
  friend class Session;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Made at a stream's first payload. Bytes that a dissector cannot use yet are copied into a window of the session (from the pool);
// in-order messages that are whole in one chunk are read where they lie.
class Session {
 public:
  // `facts` must outlive the session. Without a SYN the roles of client and server are a guess: where the first bytes prove
  // it wrong, they are exchanged in `facts` (StreamFacts::swap_roles), and chunks keep being given in the caller's directions.
  Session(SessionPool& pool, StreamFacts& facts);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void feed(const Chunk& chunk, EntryListener& listener);
  void end(Direction direction, Timestamp time, EntryListener& listener);     // a FIN or RST
  void finish(Timestamp time, EntryListener& listener);   // the stream is over: what waits for an answer is told
  void expire(Timestamp now, EntryListener& listener);    // tells calls unanswered for too long
  [[nodiscard]] Timestamp next_expiry() const;            // when expire() has something to do; INT64_MAX when never

  // No protocol was found, or it is not wanted: feeding it further is of no use.
  [[nodiscard]] bool idle() const;
  [[nodiscard]] const Protocol* protocol() const;
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape
