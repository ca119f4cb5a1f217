// SPDX-License-Identifier: Apache-2.0
#include "capture/live.hpp"

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "capture/blocks.hpp"
#include "capture/devices.hpp"
#include "capture/interface_drops.hpp"
#include "net/pcap_format.hpp"

namespace wiretape::capture {
namespace {

// The kernel hands over a block of the ring when it is full or this old.
constexpr int block_timeout_ms = 100;
constexpr std::size_t batch_packets = 512;
constexpr std::size_t batch_bytes = 4U << 20U;
using net::longest_packet;
// How often an interface that went away is looked for, and one that is silent is looked at.
constexpr std::chrono::milliseconds retry_every{500};
// How often the counters of the interfaces themselves are read, from some files for each.
constexpr std::chrono::milliseconds read_drops_every{100};

struct Closer {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using Handle = std::unique_ptr<pcap_t, Closer>;

std::string known_interfaces() {
  std::string out;
  if (auto all = devices()) {
    for (const Device& device : *all) {
      if (!device.addresses.empty() || device.up) out += (out.empty() ? "" : ", ") + device.name;
    }
  }
  return out.empty() ? std::string{} : "there are: " + out;
}

Error activation_error(const LiveOptions& options, pcap_t* handle, int status) {
  const std::string& name = options.interface;
  const char* detail = pcap_geterr(handle);
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return {.kind = ErrorKind::interface,
              .message = fmt::format("no such interface: \"{}\"", name),
              .hint = known_interfaces()};
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return {.kind = ErrorKind::permission,
              .message = fmt::format("no permission to capture on \"{}\"", name),
              .hint = "run it as root, or give the binary the right: setcap cap_net_raw,cap_net_admin+ep wiretape"};
    case PCAP_ERROR_IFACE_NOT_UP:
      return {.kind = ErrorKind::interface,
              .message = fmt::format("interface \"{}\" is down", name),
              .hint = fmt::format("ip link set {} up", name)};
    default:
      return {.kind = ErrorKind::capture,
              .message =
                  fmt::format("cannot capture on \"{}\": {}", name, *detail != 0 ? detail : pcap_statustostr(status))};
  }
}

Result<void> set_timestamp_type(pcap_t* handle, const LiveOptions& options) {
  if (options.timestamp_type.empty()) return {};
  const int type = pcap_tstamp_type_name_to_val(options.timestamp_type.c_str());
  if (type != PCAP_ERROR && pcap_set_tstamp_type(handle, type) == 0) return {};
  int* types = nullptr;
  std::string known;
  const int count = pcap_list_tstamp_types(handle, &types);
  for (int i = 0; i < count; ++i)
    known += fmt::format("{}{}", i == 0 ? "" : ", ", pcap_tstamp_type_val_to_name(types[i]));
  if (count > 0) pcap_free_tstamp_types(types);
  return Error{
      .kind = ErrorKind::usage,
      .message = fmt::format("\"{}\" has no time stamp type \"{}\"", options.interface, options.timestamp_type),
      .hint = known.empty() ? "it has only the default one" : "it has: " + known};
}

Result<void> set_link_type(pcap_t* handle, const LiveOptions& options) {
  // The cooked form without interface numbers cannot tell the interfaces of "any" apart.
  const bool any = options.interface == "any";
  if (options.link_type.empty() && !any) return {};
  const int type = options.link_type.empty() ? DLT_LINUX_SLL2 : pcap_datalink_name_to_val(options.link_type.c_str());
  if (type >= 0 && pcap_set_datalink(handle, type) == 0) return {};
  int* types = nullptr;
  std::string known;
  const int count = pcap_list_datalinks(handle, &types);
  for (int i = 0; i < count; ++i) known += fmt::format("{}{}", i == 0 ? "" : ", ", link_type_name(types[i]));
  if (count >= 0) pcap_free_datalinks(types);
  return Error{.kind = ErrorKind::usage,
               .message = fmt::format("\"{}\" has no link type \"{}\"", options.interface, options.link_type),
               .hint = "it has: " + known};
}

// The program, or libpcap's words about the text.
class FilterProgram {
 public:
  FilterProgram(pcap_t* handle, const std::string& text)
      : compiled_(pcap_compile(handle, &program_, text.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0) {}
  ~FilterProgram() {
    if (compiled_) pcap_freecode(&program_);
  }
  FilterProgram(const FilterProgram&) = delete;
  FilterProgram& operator=(const FilterProgram&) = delete;

  [[nodiscard]] bool compiled() const { return compiled_; }
  [[nodiscard]] bool set_on(pcap_t* handle) { return pcap_setfilter(handle, &program_) == 0; }

 private:
  bpf_program program_{};
  bool compiled_;
};

std::string both(const std::string& left, const std::string& right) {
  if (left.empty() || right.empty()) return left + right;
  return fmt::format("({}) and ({})", left, right);
}

Result<void> set_filter(pcap_t* handle, const LiveOptions& options) {
  if (FilterProgram own(handle, options.packet_filter); !own.compiled()) {
    return Error{.kind = ErrorKind::statement,
                 .message = fmt::format("packet filter \"{}\": {}", options.packet_filter, pcap_geterr(handle))};
  }
  for (const std::string& filter : options.statement_filters) {
    const std::string all = both(options.packet_filter, filter);
    if (all.empty()) continue;
    FilterProgram program(handle, all);
    if (program.compiled() && program.set_on(handle)) return {};
  }
  // Without the statement's filter: it decides anyway, only later.
  if (options.packet_filter.empty()) return {};
  FilterProgram own(handle, options.packet_filter);
  if (own.set_on(handle)) return {};
  return Error{
      .kind = ErrorKind::capture,
      .message = fmt::format("cannot set the packet filter on \"{}\": {}", options.interface, pcap_geterr(handle))};
}

// A handle that captures, in non-blocking mode.
Result<Handle> activate(const LiveOptions& options) {
  std::array<char, PCAP_ERRBUF_SIZE> message{};
  Handle handle(pcap_create(options.interface.c_str(), message.data()));
  if (!handle) return Error{.kind = ErrorKind::capture, .message = message.data()};
  pcap_set_snaplen(handle.get(), static_cast<int>(std::min<std::size_t>(options.snapshot_length, longest_packet)));
  pcap_set_promisc(handle.get(), options.promiscuous && options.interface != "any" ? 1 : 0);
  pcap_set_timeout(handle.get(), block_timeout_ms);
  pcap_set_buffer_size(handle.get(),
                       static_cast<int>(std::min<std::uint64_t>(options.buffer_size, std::numeric_limits<int>::max())));
  pcap_set_tstamp_precision(handle.get(), PCAP_TSTAMP_PRECISION_NANO);
  if (auto set = set_timestamp_type(handle.get(), options); !set) return std::move(set).error();
  if (const int status = pcap_activate(handle.get()); status < 0)
    return activation_error(options, handle.get(), status);
  if (auto set = set_link_type(handle.get(), options); !set) return std::move(set).error();
  if (auto set = set_filter(handle.get(), options); !set) return std::move(set).error();
  if (options.side != Side::both &&
      pcap_setdirection(handle.get(), options.side == Side::in ? PCAP_D_IN : PCAP_D_OUT) != 0) {
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("\"{}\" cannot tell the directions of packets apart: {}", options.interface,
                                        pcap_geterr(handle.get()))};
  }
  if (pcap_setnonblock(handle.get(), 1, message.data()) != 0) {
    return Error{.kind = ErrorKind::capture, .message = message.data()};
  }
  return handle;
}

// What the system says of an interface's name. unknown: it is none of a network, as "any" or a bus.
enum class Condition : std::uint8_t { unknown, up, down, gone };

Condition condition_of(const std::string& interface, pcap_t* handle) {
  ifreq request{};
  interface.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
  if (::ioctl(pcap_fileno(handle), SIOCGIFFLAGS, &request) != 0) {
    return errno == ENODEV ? Condition::gone : Condition::unknown;
  }
  return (request.ifr_flags & IFF_UP) != 0 ? Condition::up : Condition::down;
}

// One interface and what becomes of it.
struct Tap {
  LiveOptions options;
  Handle handle;  // null while the interface is away
  net::LinkType link = net::LinkType::ethernet;
  bool nanoseconds = true;
  std::chrono::steady_clock::time_point retry_at{};
  Condition condition = Condition::unknown;  // as last told; unknown is not looked at
  bool refused = false;                      // that it cannot be opened again has been told
  Counters counters;                         // of all handles, and of drops before these
  pcap_stat last{};                          // of this handle, where libpcap is asked
  std::optional<InterfaceDrops> drops;       // of this interface
};

class Live final : public LiveSource {
 public:
  Result<void> add(const LiveOptions& options) {
    auto handle = activate(options);
    if (!handle) return std::move(handle).error();
    Tap& tap = taps_.emplace_back();
    tap.options = options;
    take(tap, *std::move(handle));
    interfaces_.push_back({.name = options.interface,
                           .source = options.interface,
                           .link = tap.link,
                           .snapshot_length = options.snapshot_length});
    return {};
  }

  Result<std::span<const net::Packet>> next() override {
    counters_read_ = false;
    packets_.clear();
    make_room();
    for (std::size_t tried = 0; tried < taps_.size() && packets_.empty(); ++tried) {
      turn_ = (turn_ + 1) % taps_.size();  // no interface can starve the others
      if (auto read = read_from(turn_); !read) return std::move(read).error();
    }
    if (!packets_.empty()) return std::span<const net::Packet>(packets_);
    wait();
    return std::span<const net::Packet>{};
  }

  [[nodiscard]] std::shared_ptr<const void> hold() override { return blocks_.hold(); }

  Result<net::Packet> again(std::uint64_t) override {
    return Error{.kind = ErrorKind::read, .message = "a live packet cannot be read a second time"};
  }
  [[nodiscard]] bool can_read_again() const override { return false; }
  [[nodiscard]] std::span<const Interface> interfaces() const override { return interfaces_; }

  [[nodiscard]] Counters counters() override {
    if (!std::exchange(counters_read_, true)) read_all_counters();
    return counters_;
  }

  [[nodiscard]] Counters latest_counters() override {
    counters_read_ = false;
    return counters();
  }

  std::vector<std::string> take_notices() override { return std::exchange(notices_, {}); }

 private:
  struct Taking {
    Live* live;
    std::uint32_t interface;
    net::LinkType link;
  };

  static void take(Tap& tap, Handle handle) {
    tap.handle = std::move(handle);
    tap.last = {};
    if (tap.drops) tap.counters.interface_dropped += tap.drops->read();
    tap.drops.emplace(tap.options.interface);  // its files are others when it was made again
    tap.link = static_cast<net::LinkType>(pcap_datalink(tap.handle.get()));
    tap.nanoseconds = pcap_get_tstamp_precision(tap.handle.get()) == PCAP_TSTAMP_PRECISION_NANO;
    tap.condition = condition_of(tap.options.interface, tap.handle.get());
    if (tap.condition == Condition::gone) tap.condition = Condition::unknown;
  }

  // A batch goes on behind the one before it where that is held. Packets point into the block, so it does not change
  // while a batch grows: a batch ends with the packet that fills it.
  void make_room() {
    if (used_ < batch_bytes && blocks_.held() && blocks_.can_be_held_again()) return;
    blocks_.go_on(batch_bytes + longest_packet, {}, 0);
    used_ = 0;
  }

  // The ring's memory goes back to the kernel when libpcap moves on: a batch is copied out of it.
  static void on_packet(unsigned char* user, const pcap_pkthdr* header, const unsigned char* bytes) {
    const auto& taking = *reinterpret_cast<const Taking*>(user);
    Live& live = *taking.live;
    const std::size_t captured = std::min<std::size_t>(header->caplen, longest_packet);
    const std::int64_t fraction = live.taps_[taking.interface].nanoseconds ? 1 : 1000;
    char* const to = live.blocks_.data() + live.used_;
    std::memcpy(to, bytes, captured);
    live.used_ += captured;
    live.packets_.push_back({.time = {std::int64_t{header->ts.tv_sec} * 1'000'000'000 + header->ts.tv_usec * fraction},
                             .data = {to, captured},
                             .original_length = header->len,
                             .link = taking.link,
                             .interface = taking.interface,
                             .number = ++live.number_});
    if (live.used_ >= batch_bytes) pcap_breakloop(live.taps_[taking.interface].handle.get());
  }

  Result<void> read_from(std::size_t at) {
    Tap& tap = taps_[at];
    if (!tap.handle) {
      come_back(tap);
      return {};
    }
    Taking taking{.live = this, .interface = static_cast<std::uint32_t>(at), .link = tap.link};
    const int status =
        pcap_dispatch(tap.handle.get(), batch_packets, on_packet, reinterpret_cast<unsigned char*>(&taking));
    if (status == PCAP_ERROR) lose(tap, pcap_geterr(tap.handle.get()));
    if (status == 0) look_at(tap);
    return {};
  }

  // libpcap goes on without a word when an interface goes down and comes back, or is renamed while it is up.
  void look_at(Tap& tap) {
    const auto now = std::chrono::steady_clock::now();
    if (tap.condition == Condition::unknown || now < tap.retry_at) return;
    tap.retry_at = now + retry_every;
    const Condition seen = condition_of(tap.options.interface, tap.handle.get());
    if (seen == tap.condition || seen == Condition::unknown) return;
    tap.condition = seen;
    if (seen == Condition::gone) return lose(tap, "it was renamed or removed");
    notices_.push_back(fmt::format("interface \"{}\" is {}", tap.options.interface,
                                   seen == Condition::up ? "back" : "down; waiting for it"));
  }

  void lose(Tap& tap, std::string_view reason) {
    read_counters(tap);
    notices_.push_back(fmt::format("interface \"{}\": {}; waiting for it", tap.options.interface, reason));
    tap.handle.reset();
    tap.retry_at = std::chrono::steady_clock::now() + retry_every;
  }

  void come_back(Tap& tap) {
    const auto now = std::chrono::steady_clock::now();
    if (now < tap.retry_at) return;
    tap.retry_at = now + retry_every;
    auto handle = activate(tap.options);
    if (!handle) {
      const bool no_right = handle.error().kind == ErrorKind::permission;
      if (no_right && !std::exchange(tap.refused, true)) notices_.push_back(handle.error().message);
      return;
    }
    take(tap, *std::move(handle));
    notices_.push_back(fmt::format("interface \"{}\" is back", tap.options.interface));
  }

  void wait() {
    std::vector<pollfd>& waiting = waiting_;
    waiting.clear();
    for (const Tap& tap : taps_) {
      if (tap.handle)
        waiting.push_back({.fd = pcap_get_selectable_fd(tap.handle.get()), .events = POLLIN, .revents = 0});
    }
    ::poll(waiting.data(), waiting.size(), block_timeout_ms);
  }

  void read_all_counters() {
    const auto now = std::chrono::steady_clock::now();
    const bool with_interfaces = now >= drops_read_at_;
    if (with_interfaces) {
      drops_read_at_ = now + read_drops_every;
      counters_.interface_dropped = 0;
    }
    counters_.received = counters_.dropped = 0;
    for (Tap& tap : taps_) {
      read_counters(tap);
      counters_.received += tap.counters.received;
      counters_.dropped += tap.counters.dropped;
      if (with_interfaces) counters_.interface_dropped += tap.counters.interface_dropped + tap.drops->read();
    }
  }

  // pcap_stats(3) reads files each time, for what InterfaceDrops tells. The socket's own counters are asked of the
  // kernel, where they begin again at 0 each time; what is no packet socket is asked of libpcap.
  static void read_counters(Tap& tap) {
    if (!tap.handle) return;
    tpacket_stats_v3 grown{};
    socklen_t size = sizeof grown;
    if (::getsockopt(pcap_fileno(tap.handle.get()), SOL_PACKET, PACKET_STATISTICS, &grown, &size) == 0) {
      tap.counters.received += grown.tp_packets;
      tap.counters.dropped += grown.tp_drops;
      return;
    }
    pcap_stat now{};
    if (pcap_stats(tap.handle.get(), &now) != 0) return;
    tap.counters.received += static_cast<std::uint32_t>(now.ps_recv - tap.last.ps_recv);
    tap.counters.dropped += static_cast<std::uint32_t>(now.ps_drop - tap.last.ps_drop);
    tap.last = now;
  }

  std::vector<Tap> taps_;
  std::vector<Interface> interfaces_;
  std::vector<net::Packet> packets_;
  Blocks blocks_;
  std::size_t used_ = 0;  // of the block
  std::vector<pollfd> waiting_;
  std::vector<std::string> notices_;
  std::uint64_t number_ = 0;
  std::size_t turn_ = 0;
  Counters counters_;
  bool counters_read_ = false;  // since next()
  std::chrono::steady_clock::time_point drops_read_at_{};
};

}  // namespace

Result<std::unique_ptr<LiveSource>> LiveSource::open(const std::vector<LiveOptions>& interfaces) {
  auto live = std::make_unique<Live>();
  for (const LiveOptions& options : interfaces) {
    if (auto added = live->add(options); !added) return std::move(added).error();
  }
  return std::unique_ptr<LiveSource>(std::move(live));
}

}  // namespace wiretape::capture
