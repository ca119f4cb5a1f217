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
              .index = told_,
              .tls = telling.protocol.is_tls};
  if (request != nullptr) entry.fault = request->fault;
  if (response != nullptr) add_fault(entry.fault, response->fault);
  if (entry.label == nullptr) entry.label = telling.protocol.labels.front();
  // The version that a request leaves open is the answer's to choose.
  if (entry.label->version.empty() && response != nullptr && response->label != nullptr) entry.label = response->label;
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
  if (place != nowhere) waiting_[place].answered = true;
  const Message* request = place != nowhere ? waiting_[place].request.get() : under_way.request;
  Entry entry = entry_of(telling, request, &response);
  entry.stage = Stage::response_head;
  return telling.listener.opened(entry);
}

void Calls::add_request(const Telling& telling, std::unique_ptr<Message> request) {
  if (request->alone || telling.protocol.pairing == Pairing::single) return tell(telling, std::move(request), nullptr);
  if (auto response = take_early(telling.protocol, *request)) {
    return tell(telling, std::move(request), std::move(response));
  }
  if (has_fault(over_)) return tell(telling, std::move(request), nullptr, over_);
  const bool is_by_id = telling.protocol.pairing == Pairing::by_id;
  if (is_by_id && by_id(request->id) != nowhere) return tell(telling, std::move(request), nullptr, repeated);

  if (waiting() == most_waiting) {
    const std::size_t oldest = oldest_unanswered(telling.protocol, {});
    give_up(telling, oldest != nowhere ? oldest : begin_, too_many_wait);
  }
  // Sent in one packet with the request before: who does that does not wait for answers.
  if (waiting() != 0 && waiting_.back().request->last == request->first) pipelined_ = true;
  if (begin_ >= most_waiting) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  waiting_.push_back({std::move(request), false});
  Entry entry = entry_of(telling, waiting_.back().request.get(), nullptr);
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
  } else if (may_be_early(telling.protocol, *response, under_way)) {
    early_.push_back(std::move(response));
    return;
  }
  tell(telling, nullptr, std::move(response), unasked());
}

bool Calls::may_be_early(const Protocol& protocol, const Message& response, const UnderWay& under_way) const {
  if (protocol.pairing == Pairing::in_order) return waiting() == 0 && under_way.request_begun && early_.empty();
  return under_way.request != nullptr && under_way.request->id == response.id;
}

std::unique_ptr<Message> Calls::take_early(const Protocol& protocol, const Message& request) {
  const bool any = protocol.pairing == Pairing::in_order;
  const auto found = std::find_if(early_.begin(), early_.end(),
                                  [&](const auto& response) { return any || response->id == request.id; });
  if (found == early_.end()) return nullptr;
  std::unique_ptr<Message> response = std::move(*found);
  early_.erase(found);
  return response;
}

void Calls::refuse(const Telling& telling, std::unique_ptr<Message> refusal) {
  for (std::size_t place = begin_; place < waiting_.size();) {
    const Waiting& waiting = waiting_[place];
    const std::uint64_t id = waiting.request->id;
    const bool meant = refusal->refusal == Refusal::one ? id == refusal->id : id > refusal->id;
    if (!meant || waiting.answered) {
      ++place;
      continue;
    }
    const bool moves_up = place != begin_;
    tell(telling, take(place), nullptr, refusal->fault);
    if (!moves_up) place = begin_;
  }
  telling.dissector.recycle(std::move(refusal));
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
  if (owed_ != 0 || waiting() == 0 || waiting_[begin_].request->first > response.first) return nowhere;
  if (!gap_ || pipelined_) return begin_;
  // Who asks one thing at a time has had an answer to all but the newest: the others are lost in the gap.
  std::size_t newest = waiting_.size() - 1;
  while (newest > begin_ && waiting_[newest].request->first > response.first) --newest;
  return newest;
}

std::size_t Calls::by_id(std::uint64_t id) const {
  for (std::size_t place = begin_; place < waiting_.size(); ++place) {
    if (waiting_[place].request->id == id) return place;
  }
  return nowhere;
}

void Calls::answer(const Telling& telling, std::size_t place, std::unique_ptr<Message> response) {
  if (telling.protocol.pairing == Pairing::in_order) {
    // The next request came before this answer: without a gap that is proof of somebody who does not wait.
    if (!gap_ && waiting() > 1 && waiting_[begin_ + 1].request->first < response->first) pipelined_ = true;
    while (begin_ < place) tell(telling, take(begin_), nullptr, response_missing);
  }
  if (request_gap_ && waiting_[place].request->first >= *request_gap_) request_gap_.reset();
  tell(telling, take(place), std::move(response));
  if (waiting() == 0) gap_ = false;
}

std::unique_ptr<Message> Calls::take(std::size_t place) {
  assert(place >= begin_ && place < waiting_.size());
  std::unique_ptr<Message> request = std::move(waiting_[place].request);
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

void Calls::give_up(const Telling& telling, std::size_t place, const Fault& why) {
  if (telling.protocol.pairing == Pairing::in_order) ++owed_;
  const Fault& reason = unanswered(*waiting_[place].request, why);
  tell(telling, take(place), nullptr, reason);
}

std::size_t Calls::oldest_unanswered(const Protocol& protocol, const UnderWay& under_way) const {
  if (protocol.pairing == Pairing::in_order && under_way.response != nullptr) return nowhere;
  std::size_t place = begin_;
  while (place < waiting_.size() && waiting_[place].answered) ++place;
  return place < waiting_.size() ? place : nowhere;
}

void Calls::expire(const Telling& telling, Timestamp now, const UnderWay& under_way) {
  while (next_expiry(telling.protocol, under_way) <= now) {
    give_up(telling, oldest_unanswered(telling.protocol, under_way), timed_out);
  }
}

Timestamp Calls::next_expiry(const Protocol& protocol, const UnderWay& under_way) const {
  const std::size_t place = oldest_unanswered(protocol, under_way);
  if (place == nowhere) return {INT64_MAX};
  return waiting_[place].request->last + protocol.answer_within;
}

void Calls::abandon_response(const Telling& telling, const Fault& why, const UnderWay& under_way) {
  if (under_way.response == nullptr) return;
  const std::size_t place = request_of(telling.protocol, *under_way.response);
  const std::unique_ptr<Message> request = place != nowhere ? take(place) : nullptr;
  tell_shown(telling, request.get(), under_way.response, why);
}

void Calls::no_more_responses(const Telling& telling, const Fault& why) {
  while (waiting() != 0) {
    const Fault& reason = unanswered(*waiting_[begin_].request, why);
    tell(telling, take(begin_), nullptr, reason);
  }
  over_ = why;
}

void Calls::abandon_request(const Telling& telling, const Fault& why, const UnderWay& under_way) {
  if (under_way.request != nullptr) {
    const auto response = take_early(telling.protocol, *under_way.request);
    tell_shown(telling, under_way.request, response.get(), why);
  }
  for (const auto& response : early_) tell_shown(telling, nullptr, response.get(), unasked());
  early_.clear();
}

void Calls::restart() {
  assert(waiting() == 0 && early_.empty());
  owed_ = 0;
  over_ = {};
  gap_ = false;
  request_gap_.reset();
  pipelined_ = false;
}

}  // namespace wiretape
