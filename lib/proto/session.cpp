// SPDX-License-Identifier: Apache-2.0
#include "proto/session.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <utility>
#include <vector>

#include "proto/detect.hpp"
#include "proto/pairing.hpp"
#include "proto/schemas.hpp"
#include "proto/window.hpp"

namespace wiretape {
namespace {

// Detection gives up on a direction that has this many bytes, or has been asked so often about at least a few.
constexpr std::size_t most_asked_bytes = 4096;
constexpr std::size_t few_bytes = 256;
constexpr unsigned most_asked = 3;
// Joined in the middle, each chunk may be the start of a message: so many are tried.
constexpr unsigned most_starts = 8;

// What a dissector may ask for, with room for a length in front (Step::need_more). More is no message but an attack.
constexpr std::size_t most_needed = (64U << 10U) + 16;

// Protocols that may follow one another on a stream: HTTP, TLS inside CONNECT, HTTP/2, WebSocket ... A loop is cut
// here.
constexpr unsigned most_hand_overs = 8;

// Steps that use no byte, one after the other: a message may end, another protocol begin; of a multiplexed one, all its
// open messages. More is a dissector's mistake.
constexpr unsigned most_empty_steps = 4;
constexpr unsigned most_empty_steps_multiplexed = 4096;

// Windows kept for the next stream, and the memory that one of them may keep.
constexpr std::size_t most_spare_windows = 64;
constexpr std::size_t most_spare_memory = 256U << 10U;

constexpr Fault within_request = {Fault::Type::incomplete, "The stream ended within the request"};
constexpr Fault within_response = {Fault::Type::incomplete, "The stream ended within the response"};
constexpr Fault request_gap = {Fault::Type::incomplete, "Bytes of the request are missing in the capture"};
constexpr Fault response_gap = {Fault::Type::incomplete, "Bytes of the response are missing in the capture"};
constexpr Fault datagram_cut = {Fault::Type::incomplete, "Bytes of the datagram are missing in the capture"};
constexpr Fault request_unread = {Fault::Type::dissection, "The request could not be read"};
constexpr Fault response_unread = {Fault::Type::dissection, "The response could not be read"};
constexpr Fault unanswered = {Fault::Type::pair_not_found, "The stream ended without a response"};
constexpr Fault reset = {Fault::Type::connection, "Reset before the response"};
constexpr Fault handed_over = {Fault::Type::pair_not_found, "Another protocol began before the response"};

}  // namespace

struct SessionPool::Impl {
  struct Known {
    const Protocol* protocol;
    const Schema* schema;
    bool wanted = true;
  };

  DissectorOptions options;
  std::span<const Protocol* const> list;
  std::vector<Schema> own_schemas;  // of protocols that are not in THE list
  std::vector<Known> known;
  std::vector<std::unique_ptr<Window>> spare;

  Impl(const DissectorOptions& settings, std::span<const Protocol* const> wanted) : options(settings), list(wanted) {
    const bool usual = list.data() == protocols().data();
    own_schemas.reserve(usual ? 0 : list.size());
    for (const Protocol* protocol : list) {
      const Schema* schema =
          usual ? &schema_of(*protocol)
                : &own_schemas.emplace_back(make_schema(*protocol, static_cast<std::uint8_t>(known.size())));
      known.push_back({protocol, schema});
    }
  }

  Known* find(const Protocol* protocol) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const Known& k) { return k.protocol == protocol; });
    return found != known.end() ? &*found : nullptr;
  }

  std::unique_ptr<Window> window() {
    if (spare.empty()) return std::make_unique<Window>();
    std::unique_ptr<Window> window = std::move(spare.back());
    spare.pop_back();
    return window;
  }

  void take_back(std::unique_ptr<Window> window) {
    if (!window || spare.size() == most_spare_windows || window->memory() > most_spare_memory) return;
    window->clear();
    spare.push_back(std::move(window));
  }
};

SessionPool::SessionPool(const DissectorOptions& options, std::span<const Protocol* const> list)
    : impl_(std::make_unique<Impl>(options, list)) {}
SessionPool::~SessionPool() = default;

void SessionPool::want(const Protocol& protocol, bool wanted) {
  if (Impl::Known* known = impl_->find(&protocol)) known->wanted = wanted;
}

struct Session::Impl {
  enum class Phase : std::uint8_t { detecting, reading, over };

  struct Side {
    std::unique_ptr<Window> window;  // null while nothing waits
    Timestamp first;                 // of the message that is being read
    Timestamp last;                  // of the newest byte
    Timestamp used;                  // of the newest byte that a step used
    std::optional<Timestamp> gap;    // detecting: the newest one
    std::size_t wanted = 0;          // before that many bytes wait, the dissector is not asked again
    std::uint8_t asked = 0;          // detecting: how often
    bool given_up = false;           // detecting: its bytes say nothing
    bool begun = false;              // a message: `first` is set
    bool open = false;               // its head is known: the dissector shows it
    bool lost = false;
    bool ended = false;
  };

  Impl(SessionPool::Impl& shared, StreamFacts& stream)
      : pool(shared), facts(stream), roles_sure(stream.state != StreamState::midstream), starts_sure(roles_sure) {
    if (facts.transport == Transport::udp) roles_sure = false;
  }
  ~Impl() {
    for (Side& side : sides) pool.take_back(std::move(side.window));
  }

  void feed(const Chunk& chunk, EntryListener& listener);
  void feed_datagram(Direction direction, const Chunk& chunk, EntryListener& listener);
  void feed_gap(Direction direction, const Chunk& chunk, EntryListener& listener);
  void note_gap(Direction direction, Timestamp time);
  void end(Direction direction, EntryListener& listener);
  void finish(Timestamp time, EntryListener& listener);

  // Which protocol.
  void resume(Direction newest, EntryListener& listener);
  void detect_stream(Direction newest, EntryListener& listener);
  void ask_again_later(Direction newest, const Detection& detection, EntryListener& listener);
  void adopt(const Detection& detection, EntryListener& listener);
  void start(const Protocol* protocol, EntryListener& listener, std::string_view agreed = {});
  void stop();
  void hand_over(EntryListener& listener);
  [[nodiscard]] FirstBytes first_bytes() const;

  // Where messages end.
  void read(Direction direction, Bytes bytes, Timestamp time, EntryListener& listener);
  void drain(Direction direction, EntryListener& listener);
  std::size_t consume(Direction direction, const TimedBytes& timed, EntryListener& listener);
  bool apply(Direction direction, const Step& step, Timestamp last, EntryListener& listener);
  void set_times(Direction direction, const Step& step, Timestamp last);
  void keep(Side& side, Bytes bytes, Timestamp time);
  void release_window(Side& side) { pool.take_back(std::move(side.window)); }
  void lose(Direction direction, const Fault& why, EntryListener& listener);

  // Their calls.
  void opened(Direction direction, EntryListener& listener);
  void complete(Direction direction, const Step& step, Timestamp last, EntryListener& listener);
  void complete_open(Direction direction, const Fault& why, EntryListener& listener);
  void add(Direction direction, std::unique_ptr<Message> message, EntryListener& listener);
  void conclude(const Fault& why, EntryListener& listener);
  [[nodiscard]] UnderWay under_way() const;
  [[nodiscard]] const Message* shown(Direction direction) const;
  [[nodiscard]] Telling telling(EntryListener& listener) const {
    return {facts, *known->protocol, *known->schema, *dissector, listener};
  }
  [[nodiscard]] bool multiplexed() const { return known->protocol->multiplexed; }
  Side& side_of(Direction direction) { return sides[index(direction)]; }

  SessionPool::Impl& pool;
  StreamFacts& facts;
  const SessionPool::Impl::Known* known = nullptr;
  std::unique_ptr<Dissector> dissector;
  std::array<Side, 2> sides;
  Calls calls;
  Phase phase = Phase::detecting;
  std::uint8_t hand_overs = 0;
  bool fresh = false;    // the dissector is new, and what waits in the windows has not been shown to it
  bool flipped = false;  // the caller's directions are not ours
  bool cut = false;      // the datagram that is read lacks its end
  bool roles_sure;
  bool starts_sure;
};

void Session::Impl::feed(const Chunk& chunk, EntryListener& listener) {
  if (phase == Phase::over) return;
  const Direction direction = flipped ? opposite(chunk.direction) : chunk.direction;
  if (chunk.missing != 0 && !chunk.datagram) return feed_gap(direction, chunk, listener);
  Side& side = side_of(direction);
  if (chunk.bytes.empty() || side.lost || side.given_up) return;
  side.last = chunk.time;
  if (chunk.datagram) return feed_datagram(direction, chunk, listener);
  if (phase == Phase::detecting) {
    keep(side, chunk.bytes, chunk.time);
  } else {
    read(direction, chunk.bytes, chunk.time, listener);
  }
  resume(direction, listener);
}

// Each datagram by itself: what is not whole in it will never be.
void Session::Impl::feed_datagram(Direction direction, const Chunk& chunk, EntryListener& listener) {
  if (phase == Phase::detecting) {
    FirstBytes first = first_bytes();
    first.sides[index(direction)] = chunk.bytes;
    first.datagram = true;
    const Detection detection = detect(first, pool.list);
    if (detection.verdict != Detection::Verdict::found) {
      if (++side_of(direction).asked == most_asked) start(nullptr, listener);
      return;
    }
    if (detection.swapped) direction = opposite(direction);
    adopt(detection, listener);
    side_of(direction).last = chunk.time;
    if (phase != Phase::reading) return;
  }
  const TimeMark mark{chunk.bytes.size(), chunk.time};
  cut = chunk.missing != 0;
  consume(direction, {.bytes = chunk.bytes, .marks = {&mark, 1}}, listener);
  cut = false;
  Side& side = side_of(direction);
  side.begun = side.open = side.lost = false;
  side.wanted = 0;
}

void Session::Impl::feed_gap(Direction direction, const Chunk& chunk, EntryListener& listener) {
  Side& side = side_of(direction);
  if (side.lost) return;
  release_window(side);
  side.wanted = 0;
  if (phase == Phase::detecting) {
    starts_sure = false;
    side.gap = chunk.time;
    return;
  }
  note_gap(direction, chunk.time);
  const Step step = dissector->gap(direction, chunk.missing);
  if (step.kind == Step::Kind::lost) {
    return lose(direction, direction == Direction::to_server ? request_gap : response_gap, listener);
  }
  apply(direction, step, side.last, listener);
  resume(direction, listener);
}

void Session::Impl::note_gap(Direction direction, Timestamp time) {
  if (direction == Direction::to_client) {
    calls.responses_have_gap(time);
  } else {
    calls.requests_have_gap(time);
  }
}

// Takes what waits in the windows as far as it goes, through as many protocols as follow one another.
void Session::Impl::resume(Direction newest, EntryListener& listener) {
  do {
    if (phase == Phase::detecting) detect_stream(newest, listener);
    if (!std::exchange(fresh, false)) return;
    drain(Direction::to_server, listener);
    drain(Direction::to_client, listener);
  } while (fresh || (phase == Phase::detecting));
}

FirstBytes Session::Impl::first_bytes() const {
  FirstBytes first;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    if (sides[side].window) first.sides[side] = sides[side].window->view().bytes;
  }
  first.roles_are_sure = roles_sure;
  first.starts_are_sure = starts_sure;
  first.ports = {facts.client.port, facts.server.port};
  return first;
}

void Session::Impl::detect_stream(Direction newest, EntryListener& listener) {
  const FirstBytes first = first_bytes();
  if (first.sides[0].empty() && first.sides[1].empty()) return;
  const Detection detection = detect(first, pool.list);
  if (detection.verdict == Detection::Verdict::found) return adopt(detection, listener);
  ask_again_later(newest, detection, listener);
}

void Session::Impl::ask_again_later(Direction newest, const Detection& detection, EntryListener& listener) {
  Side& side = side_of(newest);
  if (detection.verdict == Detection::Verdict::none) {
    if (starts_sure) return start(nullptr, listener);
    release_window(side);
    side.given_up = ++side.asked >= most_starts;
  } else {
    const std::size_t size = side.window ? side.window->size() : 0;
    if (size >= few_bytes) ++side.asked;
    side.given_up = size >= most_asked_bytes || side.asked >= most_asked;
  }
  if (!side.given_up) return;
  if (detection.protocol != nullptr) return adopt(detection, listener);
  release_window(side);
  if (starts_sure || side_of(opposite(newest)).given_up) start(nullptr, listener);
}

void Session::Impl::adopt(const Detection& detection, EntryListener& listener) {
  if (detection.swapped) {
    facts.swap_roles();
    flipped = !flipped;
    std::swap(sides[0], sides[1]);
  }
  start(detection.protocol, listener);
}

void Session::Impl::start(const Protocol* protocol, EntryListener& listener, std::string_view agreed) {
  known = protocol != nullptr ? pool.find(protocol) : nullptr;
  facts.dissected = known != nullptr ? known->protocol->name : std::string_view{};
  roles_sure = true;
  if (known == nullptr || !known->wanted) {
    stop();
  } else {
    phase = Phase::reading;
    DissectorOptions options = pool.options;
    options.datagram = facts.transport == Transport::udp;
    options.agreed = agreed;
    dissector = known->protocol->open(options);
    fresh = true;
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
      if (const auto& gap = side_of(direction).gap) note_gap(direction, *gap);
    }
  }
  for (Side& side : sides) {
    side.gap.reset();
    side.asked = 0;
    side.given_up = false;
  }
  listener.identified(known != nullptr ? known->protocol : nullptr);
}

void Session::Impl::stop() {
  phase = Phase::over;
  for (Side& side : sides) release_window(side);
}

// What follows in both directions is another protocol; what waits in the windows is already its own.
void Session::Impl::hand_over(EntryListener& listener) {
  conclude(handed_over, listener);
  calls.restart();
  for (Side& side : sides) {
    side.begun = side.open = side.lost = false;
    side.wanted = 0;
  }
  starts_sure = true;
  const std::unique_ptr<Dissector> before = std::move(dissector);
  phase = Phase::detecting;
  if (++hand_overs > most_hand_overs) return start(nullptr, listener);
  if (before->next_protocol() != nullptr) start(before->next_protocol(), listener, before->agreed());
}

void Session::Impl::read(Direction direction, Bytes bytes, Timestamp time, EntryListener& listener) {
  Side& side = side_of(direction);
  if (side.window) {
    side.window->append(bytes, time);
    return drain(direction, listener);
  }
  const TimeMark mark{bytes.size(), time};
  const std::size_t used = consume(direction, {.bytes = bytes, .marks = {&mark, 1}}, listener);
  if (used < bytes.size() && phase != Phase::over) keep(side, bytes.substr(used), time);
}

void Session::Impl::drain(Direction direction, EntryListener& listener) {
  Side& side = side_of(direction);
  if (phase != Phase::reading || !side.window || side.window->size() < side.wanted) return;
  const std::size_t used = consume(direction, side.window->view(), listener);
  if (!side.window) return;
  side.window->consume(used);
  if (side.window->size() == 0) release_window(side);
}

void Session::Impl::keep(Side& side, Bytes bytes, Timestamp time) {
  if (!side.window) side.window = pool.window();
  side.window->append(bytes, time);
}

// Shows bytes to the dissector until it wants more of them. Returns how many are used.
std::size_t Session::Impl::consume(Direction direction, const TimedBytes& timed, EntryListener& listener) {
  Side& side = side_of(direction);
  std::size_t at = 0;
  unsigned empty_steps = 0;
  while (at < timed.bytes.size()) {
    if (!side.begun) {
      side.first = timed.time_at(at);
      side.begun = true;
    }
    const std::size_t left = timed.bytes.size() - at;
    Step step = dissector->next(direction, timed.bytes.substr(at));
    if (step.kind == Step::Kind::need_more && left < most_needed) {
      side.wanted = std::max(left + 1, std::min(step.bytes, most_needed));
      return at;
    }
    const unsigned most_empty = multiplexed() ? most_empty_steps_multiplexed : most_empty_steps;
    if (step.kind == Step::Kind::need_more || (step.bytes == 0 && ++empty_steps > most_empty)) step = Step::lost();
    if (step.kind == Step::Kind::lost) {
      lose(direction, direction == Direction::to_server ? request_unread : response_unread, listener);
      return timed.bytes.size();
    }
    if (step.bytes != 0) empty_steps = 0;
    at += std::min(step.bytes, left);
    side.wanted = 0;
    if (step.bytes != 0 || side.used == Timestamp{}) side.used = timed.time_at(at != 0 ? at - 1 : 0);
    if (!apply(direction, step, side.used, listener)) return at;
  }
  return at;
}

// Returns whether the same dissector goes on. `last` is the time of the last byte that the step used.
bool Session::Impl::apply(Direction direction, const Step& step, Timestamp last, EntryListener& listener) {
  Side& side = side_of(direction);
  if (multiplexed()) set_times(direction, step, last);
  switch (step.kind) {
    case Step::Kind::message: complete(direction, step, last, listener); return true;
    case Step::Kind::head:
      side.open = !multiplexed();
      opened(direction, listener);
      side.begun = side.open;
      return true;
    case Step::Kind::hand_over: hand_over(listener); return false;
    case Step::Kind::skip: side.begun = side.open; return true;
    case Step::Kind::need_more:
    case Step::Kind::lost: return true;
  }
  return true;
}

void Session::Impl::lose(Direction direction, const Fault& why, EntryListener& listener) {
  Side& side = side_of(direction);
  const bool of_datagram = facts.transport == Transport::udp;
  side.lost = true;
  if (of_datagram) return;
  if (multiplexed()) complete_open(direction, why, listener);
  if (direction == Direction::to_server) {
    calls.abandon_request(telling(listener), why, under_way());
  } else {
    calls.abandon_response(telling(listener), why, under_way());
    calls.no_more_responses(telling(listener), why);
  }
  side.begun = side.open = false;
  release_window(side);
  if (!side_of(opposite(direction)).lost) return;
  stop();
}

// The message that a dissector is still filling, with the time of its first byte: it is the session that knows times,
// and what a dissector shows is otherwise not for us to change.
const Message* Session::Impl::shown(Direction direction) const {
  const Side& side = sides[index(direction)];
  if (multiplexed()) return dissector->peek(direction);
  if (!side.open) return nullptr;
  auto* message = const_cast<Message*>(dissector->peek(direction));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  if (message == nullptr) return nullptr;
  message->first = side.first;
  message->last = side.last;
  return message;
}

UnderWay Session::Impl::under_way() const {
  return {.request = shown(Direction::to_server),
          .response = shown(Direction::to_client),
          .request_begun = sides[index(Direction::to_server)].begun};
}

void Session::Impl::opened(Direction direction, EntryListener& listener) {
  const UnderWay now = under_way();
  const bool is_request = direction == Direction::to_server;
  if ((is_request ? now.request : now.response) == nullptr) return;
  const bool body = is_request ? calls.request_opened(telling(listener), *now.request)
                               : calls.response_opened(telling(listener), *now.response, now);
  dissector->keep_body(direction, body);
}

// Of a multiplexed protocol's message that goes on; a step without bytes ends one whose last byte came before.
void Session::Impl::set_times(Direction direction, const Step& step, Timestamp last) {
  auto* message = const_cast<Message*>(dissector->peek(direction));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  if (message == nullptr) return;
  if (message->first == Timestamp{}) message->first = side_of(direction).first;
  if (step.bytes != 0 || message->last == Timestamp{}) message->last = last;
}

void Session::Impl::complete(Direction direction, const Step& step, Timestamp last, EntryListener& listener) {
  Side& side = side_of(direction);
  std::unique_ptr<Message> message = dissector->take();
  assert(message && "a dissector has the message that it announced");
  const bool has_times = multiplexed() && message->first != Timestamp{};
  if (!has_times) message->first = side.first;
  if (!has_times || step.bytes != 0) message->last = last;
  if (cut) message->fault = datagram_cut;
  side.begun = side.open = false;
  add(direction, std::move(message), listener);
}

void Session::Impl::add(Direction direction, std::unique_ptr<Message> message, EntryListener& listener) {
  if (message->refusal != Refusal::none) return calls.refuse(telling(listener), std::move(message));
  const bool is_request =
      message->half == Half::request || (message->half == Half::by_direction && direction == Direction::to_server);
  if (is_request) {
    calls.add_request(telling(listener), std::move(message));
  } else {
    calls.add_response(telling(listener), std::move(message), under_way());
  }
}

// The open messages of a multiplexed protocol, as far as they came.
void Session::Impl::complete_open(Direction direction, const Fault& why, EntryListener& listener) {
  const Timestamp last = side_of(direction).last;
  for (Step step = dissector->end(direction); step.kind == Step::Kind::message; step = dissector->end(direction)) {
    std::unique_ptr<Message> message = dissector->take();
    assert(message && "a dissector has the message that it announced");
    if (message->fault.type == Fault::Type::none) message->fault = why;
    if (message->last == Timestamp{}) message->first = message->last = last;
    add(direction, std::move(message), listener);
  }
}

void Session::Impl::end(Direction direction, EntryListener& listener) {
  Side& side = side_of(direction);
  if (phase != Phase::reading || side.ended || side.lost) return;
  side.ended = true;
  if (multiplexed()) {
    return complete_open(direction, direction == Direction::to_server ? within_request : within_response, listener);
  }
  const Step step = dissector->end(direction);
  if (step.kind == Step::Kind::message) complete(direction, step, side.last, listener);
}

// Nothing more comes: what waits is told with `why`.
void Session::Impl::conclude(const Fault& why, EntryListener& listener) {
  if (multiplexed()) {
    complete_open(Direction::to_server, within_request, listener);
    complete_open(Direction::to_client, within_response, listener);
  }
  const UnderWay now = under_way();
  calls.abandon_response(telling(listener), within_response, now);
  calls.no_more_responses(telling(listener), why);
  calls.abandon_request(telling(listener), within_request, now);
}

void Session::Impl::finish(Timestamp time, EntryListener& listener) {
  end(Direction::to_server, listener);
  end(Direction::to_client, listener);
  if (phase == Phase::reading) {
    calls.expire(telling(listener), time, under_way());
    conclude(facts.state == StreamState::reset ? reset : unanswered, listener);
  }
  stop();
}

Session::Session(SessionPool& pool, StreamFacts& facts) : impl_(std::make_unique<Impl>(*pool.impl_, facts)) {}
Session::~Session() = default;

void Session::feed(const Chunk& chunk, EntryListener& listener) {
  impl_->feed(chunk, listener);
}

void Session::end(Direction direction, Timestamp, EntryListener& listener) {
  impl_->end(impl_->flipped ? opposite(direction) : direction, listener);
}

void Session::finish(Timestamp time, EntryListener& listener) {
  impl_->finish(time, listener);
}

void Session::expire(Timestamp now, EntryListener& listener) {
  if (impl_->phase != Impl::Phase::reading) return;
  impl_->calls.expire(impl_->telling(listener), now, impl_->under_way());
}

Timestamp Session::next_expiry() const {
  if (impl_->phase != Impl::Phase::reading) return {INT64_MAX};
  return impl_->calls.next_expiry(*impl_->known->protocol, impl_->under_way());
}

bool Session::idle() const {
  return impl_->phase == Impl::Phase::over;
}

const Protocol* Session::protocol() const {
  return impl_->known != nullptr ? impl_->known->protocol : nullptr;
}

std::uint64_t Session::calls() const {
  return impl_->calls.told();
}

std::size_t Session::memory() const {
  std::size_t bytes = sizeof(Session) + sizeof(Impl) + impl_->calls.memory();
  for (const Impl::Side& side : impl_->sides) bytes += side.window ? side.window->memory() : 0;
  return bytes;
}

}  // namespace wiretape
