// SPDX-License-Identifier: Apache-2.0
#include "proto/pairing.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace wiretape {
namespace {

// Requests of one stream that may wait at a time. Beyond it the oldest is told as unanswered: a peer that never
// answers must not make us keep everything.
constexpr std::size_t most_waiting = 1024;

constexpr Fault timed_out = {Fault::Type::timeout, "No response in time"};
constexpr Fault too_many_wait = {Fault::Type::timeout, "No response before too many further requests"};
constexpr Fault repeated = {Fault::Type::pair_not_found, "Repeated while the first copy waits for its response"};
constexpr Fault no_request = {Fault::Type::pair_not_found, "No request for this response"};
constexpr Fault request_missing = {Fault::Type::incomplete, "The request is missing in the capture"};
constexpr Fault response_missing = {Fault::Type::incomplete, "The response is missing in the capture"};

bool has_fault(const Fault& fault) {
  return fault.type != Fault::Type::none;
}

// That bytes are missing explains everything else that is wrong with a call.
void add_fault(Fault& fault, const Fault& more) {
  const bool stronger = more.type == Fault::Type::incomplete && fault.type != Fault::Type::incomplete;
  if (!has_fault(fault) || stronger) fault = more;
}

}  // namespace

Entry Calls::entry_of(const Telling& telling, const Message* request, const Message* response) const {
  const Message* half = request != nullptr ? request : response;
  Entry entry{.schema = half->schema != nullptr ? half->schema : &telling.schema,
              .stream = &telling.facts,
              .label = half->label,
              .request = request,
              .response = response,
              .index = told_};
  if (request != nullptr) entry.fault = request->fault;
  if (response != nullptr) add_fault(entry.fault, response->fault);
  if (entry.label == nullptr) entry.label = telling.protocol.labels.front();
  return entry;
}

void Calls::tell_shown(const Telling& telling, const Message* request, const Message* response, const Fault& why) {
  Entry entry = entry_of(telling, request, response);
  if (has_fault(why) && entry.fault.type != Fault::Type::incomplete) entry.fault = why;
  ++told_;
  telling.listener.complete(entry);
}

void Calls::tell(const Telling& telling, std::unique_ptr<Message> request, std::unique_ptr<Message> response,
                 const Fault& why) {
  tell_shown(telling, request.get(), response.get(), why);
  if (request) telling.dissector.recycle(std::move(request));
  if (response) telling.dissector.recycle(std::move(response));
}

bool Calls::request_opened(const Telling& telling, const Message& request) {
  Entry entry = entry_of(telling, &request, nullptr);
  entry.stage = Stage::request_head;
  entry.index = told_ + waiting();
  return telling.listener.opened(entry);
}

bool Calls::response_opened(const Telling& telling, const Message& response, const UnderWay& under_way) {
  const std::size_t place = request_of(telling.protocol, response);
  const Message* request = place != nowhere ? waiting_[place].get() : under_way.request;
  Entry entry = entry_of(telling, request, &response);
  entry.stage = Stage::response_head;
  return telling.listener.opened(entry);
}

void Calls::add_request(const Telling& telling, std::unique_ptr<Message> request) {
  if (request->alone || telling.protocol.pairing == Pairing::single) return tell(telling, std::move(request), nullptr);
  if (early_) return tell(telling, std::move(request), std::exchange(early_, nullptr));
  if (has_fault(over_)) return tell(telling, std::move(request), nullptr, over_);
  const bool is_by_id = telling.protocol.pairing == Pairing::by_id;
  if (is_by_id && by_id(request->id) != nowhere) return tell(telling, std::move(request), nullptr, repeated);

  if (waiting() == most_waiting) give_up_oldest(telling, too_many_wait);
  // Sent in one packet with the request before: who does that does not wait for answers.
  if (waiting() != 0 && waiting_.back()->last == request->first) pipelined_ = true;
  if (begin_ >= most_waiting) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  waiting_.push_back(std::move(request));
  Entry entry = entry_of(telling, waiting_.back().get(), nullptr);
  entry.stage = Stage::request;
  entry.index = told_ + waiting() - 1;
  telling.listener.opened(entry);
}

void Calls::add_response(const Telling& telling, std::unique_ptr<Message> response, const UnderWay& under_way) {
  if (response->alone || telling.protocol.pairing == Pairing::single) {
    return tell(telling, nullptr, std::move(response));
  }
  const std::size_t place = request_of(telling.protocol, *response);
  if (place != nowhere) return answer(telling, place, std::move(response));
  if (telling.protocol.pairing == Pairing::in_order && owed_ != 0) {
    --owed_;
  } else if (waiting() == 0 && under_way.request_begun && !early_ && telling.protocol.pairing == Pairing::in_order) {
    early_ = std::move(response);
    return;
  }
  tell(telling, nullptr, std::move(response), unasked());
}

// A request without a response, which may have been among the bytes that are missing since it was sent.
const Fault& Calls::unanswered(const Message& request, const Fault& why) const {
  return gap_ && request.first <= gap_time_ ? response_missing : why;
}

const Fault& Calls::unasked() const {
  return request_gap_ ? request_missing : no_request;
}

// The place of the request that a response answers.
std::size_t Calls::request_of(const Protocol& protocol, const Message& response) const {
  if (response.alone || protocol.pairing == Pairing::single) return nowhere;
  if (protocol.pairing == Pairing::by_id) return by_id(response.id);
  // Nobody answers what has not been asked yet: the request of this response was not seen.
  if (owed_ != 0 || waiting() == 0 || waiting_[begin_]->first > response.first) return nowhere;
  if (!gap_ || pipelined_) return begin_;
  // Who asks one thing at a time has had an answer to all but the newest: the others are lost in the gap.
  std::size_t newest = waiting_.size() - 1;
  while (newest > begin_ && waiting_[newest]->first > response.first) --newest;
  return newest;
}

std::size_t Calls::by_id(std::uint64_t id) const {
  for (std::size_t place = begin_; place < waiting_.size(); ++place) {
    if (waiting_[place]->id == id) return place;
  }
  return nowhere;
}

void Calls::answer(const Telling& telling, std::size_t place, std::unique_ptr<Message> response) {
  if (telling.protocol.pairing == Pairing::in_order) {
    // The next request came before this answer: without a gap that is proof of somebody who does not wait.
    if (!gap_ && waiting() > 1 && waiting_[begin_ + 1]->first < response->first) pipelined_ = true;
    while (begin_ < place) tell(telling, take(begin_), nullptr, response_missing);
  }
  if (request_gap_ && waiting_[place]->first >= *request_gap_) request_gap_.reset();
  tell(telling, take(place), std::move(response));
  if (waiting() == 0) gap_ = false;
}

std::unique_ptr<Message> Calls::take(std::size_t place) {
  assert(place >= begin_ && place < waiting_.size());
  std::unique_ptr<Message> request = std::move(waiting_[place]);
  if (place == begin_) {
    ++begin_;
  } else {
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(place));
  }
  if (begin_ == waiting_.size()) {
    waiting_.clear();
    begin_ = 0;
  }
  return request;
}

void Calls::give_up_oldest(const Telling& telling, const Fault& why) {
  if (telling.protocol.pairing == Pairing::in_order) ++owed_;
  const Fault& reason = unanswered(*waiting_[begin_], why);
  tell(telling, take(begin_), nullptr, reason);
}

void Calls::expire(const Telling& telling, Timestamp now, const UnderWay& under_way) {
  while (next_expiry(telling.protocol, under_way) <= now) give_up_oldest(telling, timed_out);
}

Timestamp Calls::next_expiry(const Protocol& protocol, const UnderWay& under_way) const {
  const bool being_answered = protocol.pairing == Pairing::in_order && under_way.response != nullptr;
  if (waiting() == 0 || being_answered) return {INT64_MAX};
  return waiting_[begin_]->last + protocol.answer_within;
}

void Calls::abandon_response(const Telling& telling, const Fault& why, const UnderWay& under_way) {
  if (under_way.response == nullptr) return;
  const std::size_t place = request_of(telling.protocol, *under_way.response);
  const std::unique_ptr<Message> request = place != nowhere ? take(place) : nullptr;
  tell_shown(telling, request.get(), under_way.response, why);
}

void Calls::no_more_responses(const Telling& telling, const Fault& why) {
  while (waiting() != 0) {
    const Fault& reason = unanswered(*waiting_[begin_], why);
    tell(telling, take(begin_), nullptr, reason);
  }
  over_ = why;
}

void Calls::abandon_request(const Telling& telling, const Fault& why, const UnderWay& under_way) {
  const std::unique_ptr<Message> response = std::exchange(early_, nullptr);
  if (under_way.request != nullptr) return tell_shown(telling, under_way.request, response.get(), why);
  if (response) tell_shown(telling, nullptr, response.get(), unasked());
}

void Calls::restart() {
  assert(waiting() == 0 && !early_);
  owed_ = 0;
  over_ = {};
  gap_ = false;
  request_gap_.reset();
  pipelined_ = false;
}

}  // namespace wiretape
