// SPDX-License-Identifier: Apache-2.0
// Messages to calls: which response belongs to which request. Knows neither bytes nor directions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/stream_facts.hpp"
#include "base/time.hpp"
#include "entry/entry.hpp"
#include "proto/protocol.hpp"
#include "proto/session.hpp"

namespace wiretape {

// What an entry is told with: of the stream, of its protocol, and to whom.
struct Telling {
  const StreamFacts& facts;
  const Protocol& protocol;
  const Schema& schema;
  Dissector& dissector;  // gets its messages back
  EntryListener& listener;
};

// The halves that a dissector is still filling, null for none: shown to be told, not to be kept.
struct UnderWay {
  const Message* request = nullptr;
  const Message* response = nullptr;
  bool request_begun = false;  // some bytes of a request have come
};

// The calls of one stream. Every message that it is given is told in exactly one entry, in the order of completion:
//
//   both halves              the entry has both; its fault is the request's, else the response's own
//   unanswered in time       response null, `timeout`
//   unanswered at the end    response null, and the reason as the session knows it
//   no request for it        request null, `pair-not-found`
//   a repeat (by_id)         the copy of a request that waits already: response null, `pair-not-found`; the first copy
//                            goes on waiting, so that the call's time is that of the whole wait
//   alone, or single         an entry of its own without a fault
//   refused                  response null, the fault of the refusal
//
// A response that is whole before its request waits for it: in_order one that came while nothing else waited, by_id
// one whose request is under way.
class Calls {
 public:
  // A request or a response has its head and is `opened`. Returns whether its body should be kept.
  bool request_opened(const Telling& telling, const Message& request);
  bool response_opened(const Telling& telling, const Message& response, const UnderWay& under_way);

  void add_request(const Telling& telling, std::unique_ptr<Message> request);
  void add_response(const Telling& telling, std::unique_ptr<Message> response, const UnderWay& under_way);
  void refuse(const Telling& telling, std::unique_ptr<Message> refusal);

  // Bytes of the responses, of the requests are missing: whole messages may be among them. `time` is that of the packet
  // behind the gap. A request sent before it, a response without its request are then `incomplete` rather than alone.
  void responses_have_gap(Timestamp time) {
    gap_ = true;
    gap_time_ = time;
  }
  void requests_have_gap(Timestamp time) { request_gap_ = time; }
  // No more responses can be read: what waits is told with `why`, and what is added from now on too.
  void no_more_responses(const Telling& telling, const Fault& why);
  // The response, the request that is under way will not be completed: it is told as far as it came.
  void abandon_response(const Telling& telling, const Fault& why, const UnderWay& under_way);
  void abandon_request(const Telling& telling, const Fault& why, const UnderWay& under_way);

  // Tells requests that have waited since `answer_within` before `now`; one whose response is under way is not overdue.
  void expire(const Telling& telling, Timestamp now, const UnderWay& under_way);
  [[nodiscard]] Timestamp next_expiry(const Protocol& protocol, const UnderWay& under_way) const;

  // For another protocol on the same stream. Nothing may wait.
  void restart();

  [[nodiscard]] std::uint64_t told() const { return told_; }
  [[nodiscard]] std::size_t memory() const { return waiting_.capacity() * sizeof(waiting_[0]); }

 private:
  static constexpr std::size_t nowhere = SIZE_MAX;
  struct Waiting {
    std::unique_ptr<Message> request;
    bool answered;  // by_id: the head of its response is there
  };

  [[nodiscard]] std::size_t request_of(const Protocol& protocol, const Message& response) const;
  [[nodiscard]] std::size_t by_id(std::uint64_t id) const;
  std::unique_ptr<Message> take(std::size_t place);
  void answer(const Telling& telling, std::size_t place, std::unique_ptr<Message> response);
  void give_up(const Telling& telling, std::size_t place, const Fault& why);
  [[nodiscard]] std::size_t oldest_unanswered(const Protocol& protocol, const UnderWay& under_way) const;
  [[nodiscard]] bool may_be_early(const Protocol& protocol, const Message& response, const UnderWay& under_way) const;
  std::unique_ptr<Message> take_early(const Protocol& protocol, const Message& request);
  [[nodiscard]] const Fault& unanswered(const Message& request, const Fault& why) const;
  [[nodiscard]] const Fault& unasked() const;
  [[nodiscard]] Entry entry_of(const Telling& telling, const Message* request, const Message* response) const;
  void tell(const Telling& telling, std::unique_ptr<Message> request, std::unique_ptr<Message> response,
            const Fault& why = {});
  void tell_shown(const Telling& telling, const Message* request, const Message* response, const Fault& why);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size() - begin_; }

  std::vector<Waiting> waiting_;  // requests, oldest first, from begin_ on
  std::size_t begin_ = 0;
  std::vector<std::unique_ptr<Message>> early_;  // responses that were whole before their requests were
  std::uint64_t told_ = 0;
  std::uint64_t owed_ = 0;                // in_order: responses still due to requests that have been told as unanswered
  Fault over_;                            // why no response can come any more
  bool gap_ = false;                      // in the responses
  Timestamp gap_time_;                    // of the newest one
  std::optional<Timestamp> request_gap_;  // the newest gap in the requests, until one sent after it is answered
  bool pipelined_ = false;                // a request was sent while another one waited, and not because of a gap
};

}  // namespace wiretape
