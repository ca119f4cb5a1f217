// SPDX-License-Identifier: Apache-2.0
#include "proto/dns/dns.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "proto/dns/message.hpp"
#include "proto/dns/wire.hpp"

namespace wiretape::dns {
namespace {

constexpr std::size_t prefix_size = 2;  // the length in front of a message over TCP: RFC 1035 section 4.2.2

// NetBIOS name service (RFC 1002) has the same form; its names are 32 letters from A to P, its type is 32 where DNS has
// one that nobody uses. Either shows it, and some damage does not hide it, so that a damaged message is not taken for
// DNS, and its stream with it.
bool is_netbios(Bytes message, const Layout& layout) {
  constexpr std::ptrdiff_t name_length = 32, least_letters = 28;
  constexpr std::uint16_t netbios_type = 32;
  const auto question = read_question(message, header_size);
  if (message.size() <= header_size || message[header_size] != name_length) return false;
  if (layout.counts[index(Section::questions)] != 0 && question && question->type == netbios_type) return true;
  if (message.size() < header_size + 1 + name_length) return false;
  const Bytes name = message.substr(header_size + 1, name_length);
  return std::count_if(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'P'; }) >= least_letters;
}

// A query or an answer as resolvers and servers send them.
bool is_plausible(const Header& header) {
  constexpr std::uint8_t query = 0, notify = 4, update = 5, zero = 4;
  const std::uint16_t questions = header.counts[index(Section::questions)];
  if ((header.opcode != query && header.opcode != notify && header.opcode != update) || (header.reserved & zero) != 0) {
    return false;
  }
  if (header.is_response) return questions + header.counts[index(Section::answers)] != 0 || header.rcode != 0;
  return questions != 0 && header.rcode == 0;
}

bool fits(const Header& header, Direction direction) {
  return header.is_response == (direction == Direction::to_client);
}

// What is left of an answer that breaks off shows it too, when that begins as nearly all do. A query is too short to be
// cut.
bool answers_one_question(Bytes message, const Header& header, const Layout& layout) {
  constexpr std::uint16_t internet = 1;
  if (!header.is_response || layout.counts[index(Section::questions)] != 1) return false;
  const auto question = read_question(message, header_size);
  return question && question->klass == internet;
}

Guess guess_datagram(Direction direction, Bytes message) {
  const auto header = read_header(message);
  if (!header || !fits(*header, direction)) return Guess::no;
  const Layout layout = lay_out(message, *header);
  if (is_netbios(message, layout)) return Guess::no;
  const bool fitting = layout.whole ? layout.end == message.size() : answers_one_question(message, *header, layout);
  return is_plausible(*header) && fitting ? Guess::yes : Guess::maybe;
}

// Windows marks what it asks for a zone transfer with these letters behind the message.
constexpr Bytes windows_mark = "MS";

// The first message, as far as it is there: over TCP other protocols could begin with bytes like these, so that its
// questions must be there and right before it is believed.
Guess guess_stream(Direction direction, Bytes start) {
  constexpr std::size_t least = header_size + 5;  // a question about the root
  Cursor in(start);
  const std::size_t length = in.be16();
  if (!in.ok()) return Guess::maybe;
  if (length < least) return Guess::no;
  if (start.size() < prefix_size + header_size) return Guess::maybe;
  const Bytes message = start.substr(prefix_size, length);
  const auto header = read_header(message);
  if (!header || !fits(*header, direction) || !is_plausible(*header)) return Guess::no;
  if (header->counts[index(Section::questions)] != 1) return Guess::no;
  const Layout layout = lay_out(message, *header);
  if (message.size() == length) {
    const Bytes behind = message.substr(std::min(layout.end, length));
    return layout.whole && (behind.empty() || behind == windows_mark) ? Guess::yes : Guess::no;
  }
  return layout.counts[index(Section::questions)] == 1 ? Guess::yes : Guess::maybe;
}

Guess guess(Direction direction, Bytes start, bool datagram) {
  return datagram ? guess_datagram(direction, start) : guess_stream(direction, start);
}

class DnsDissector final : public Dissector {
 public:
  explicit DnsDissector(const DissectorOptions& options) : datagrams_(options.datagram) {}

  Step next(Direction, Bytes bytes) override {
    if (datagrams_) return message(bytes, 0);
    Cursor in(bytes);
    const std::size_t length = in.be16();
    if (!in.ok()) return Step::need_more(prefix_size);
    if (length < header_size) return Step::lost();
    if (in.left() < length) return Step::need_more(prefix_size + length);
    return message(in.take(length), prefix_size);
  }

  // Where the next message begins cannot be known.
  Step gap(Direction, std::uint64_t) override { return Step::lost(); }

  std::unique_ptr<Message> take() override { return std::move(current_); }

  void recycle(std::unique_ptr<Message> message) override {
    // Most streams ask once or twice and then wait for their end by the thousand: those keep nothing.
    constexpr std::size_t most_spare = 4, busy = 5;
    if (next_ >= busy && spare_.size() < most_spare) spare_.emplace_back(static_cast<DnsMessage*>(message.release()));
  }

 private:
  Step message(Bytes bytes, std::size_t prefix) {
    if (bytes.size() < least_header_size) return Step::lost();
    current_ = fresh();
    current_->assign(bytes);
    current_->size += prefix;
    name_question();
    return Step::message(prefix + bytes.size());
  }

  std::unique_ptr<DnsMessage> fresh() {
    if (spare_.empty()) return std::make_unique<DnsMessage>();
    std::unique_ptr<DnsMessage> message = std::move(spare_.back());
    spare_.pop_back();
    return message;
  }

  // An answer may leave the question out (a server that did not understand it): then it belongs to the newest query
  // with its identifier.
  void name_question() {
    if (current_->half == Half::request) {
      asked_[next_++ % asked_.size()] = current_->id;
      return;
    }
    if (current_->layout.counts[index(Section::questions)] != 0) return;
    for (std::size_t back = 1; back <= std::min<std::size_t>(next_, asked_.size()); ++back) {
      const std::uint64_t id = asked_[(next_ - back) % asked_.size()];
      if (static_cast<std::uint16_t>(id) != current_->header.id) continue;
      current_->id = id;
      return;
    }
  }

  bool datagrams_;
  std::uint32_t next_ = 0;
  std::array<std::uint64_t, 8> asked_{};  // the newest queries
  std::unique_ptr<DnsMessage> current_;
  std::vector<std::unique_ptr<DnsMessage>> spare_;
};

constexpr std::uint16_t ports[] = {53, 5353, 5355};
constexpr const Label* labels[] = {&label};

}  // namespace

constinit const Protocol protocol = {
    .name = "dns",
    .title = "Domain Name System",
    .ports = ports,
    .guess = guess,
    .open = [](const DissectorOptions& options) -> std::unique_ptr<Dissector> {
      return std::make_unique<DnsDissector>(options);
    },
    .pairing = Pairing::by_id,
    .answer_within = Duration::seconds(10),
    .over_udp = true,
    .fields = fields,
    .labels = labels,
    .summary = summary,
};

}  // namespace wiretape::dns
