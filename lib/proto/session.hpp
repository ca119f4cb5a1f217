// SPDX-License-Identifier: Apache-2.0
// One stream seen as calls: which protocol, where messages end, which response belongs to which request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/chunk.hpp"
#include "base/stream_facts.hpp"
#include "entry/entry.hpp"
#include "proto/protocol.hpp"

namespace wiretape {

// Who hears of a stream's calls. Entries are views, valid during the call.
struct EntryListener {
  // A call is complete, or will never be more complete than this (then its fault says why). Once for each call.
  //
  //   timeout         no response within Protocol::answer_within
  //   pair-not-found  a response without a request; a request whose stream ended, or changed its protocol, before a
  //                   response; a repeat of a request that waits already
  //   incomplete      bytes of the call are missing, or may have been among those that are missing, or the stream ended
  //                   within it; whatever else is wrong with it
  //   dissection      the other side, or the message itself, could not be read
  //   connection      the connection was reset before the response
  virtual void complete(const Entry& entry) = 0;
  // A call is known further; entry.stage tells how far. request_head and response_head: the head is known and the body
  // has still to come; returns whether the body should be kept. request: the request is whole, its response has still
  // to come; what is returned is of no account. entry.index is where the call will stand if nothing overtakes it.
  virtual bool opened(const Entry& entry) = 0;
  // The protocol was found, or (null) it is none that is known; may come again after a hand-over.
  virtual void identified(const Protocol* protocol) = 0;

 protected:
  ~EntryListener() = default;
};

// What all sessions of a shard share: settings, pools of memory, a secret for no one else. One for each thread.
class SessionPool {
 public:
  // `list`, which must outlive the pool, is what is looked for, in this order.
  explicit SessionPool(const DissectorOptions& options, std::span<const Protocol* const> list = protocols());
  ~SessionPool();
  SessionPool(const SessionPool&) = delete;
  SessionPool& operator=(const SessionPool&) = delete;

  // A protocol that no statement can match is detected as ever (so that a stream is known to be of no use) but not
  // dissected: the session tells identified() and then ignores every byte. All are wanted at the start.
  void want(const Protocol& protocol, bool wanted);

 private:
  friend class Session;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Made at a stream's first payload. Bytes that a dissector cannot use yet are copied into a window of the session (from
// the pool); in-order messages that are whole in one chunk are read where they lie.
class Session {
 public:
  // `pool` and `facts` must outlive the session, which sets facts.dissected. Without a SYN the roles of client and
  // server are a guess: where the first bytes prove it wrong, they are exchanged in `facts` (StreamFacts::swap_roles),
  // and chunks keep being given in the caller's directions.
  Session(SessionPool& pool, StreamFacts& facts);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void feed(const Chunk& chunk, EntryListener& listener);
  void end(Direction direction, Timestamp time, EntryListener& listener);  // a FIN or RST
  void finish(Timestamp time, EntryListener& listener);  // the stream is over: what waits for an answer is told
  void expire(Timestamp now, EntryListener& listener);   // tells calls unanswered for too long
  [[nodiscard]] Timestamp next_expiry() const;           // when expire() has something to do; INT64_MAX when never

  // No protocol was found, or it is not wanted, or it cannot be read any further: feeding it is of no use.
  [[nodiscard]] bool idle() const;
  [[nodiscard]] const Protocol* protocol() const;
  [[nodiscard]] std::uint64_t calls() const;  // told so far: the index of the next one
  [[nodiscard]] std::size_t memory() const;   // bytes, without what the dissector holds

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wiretape
