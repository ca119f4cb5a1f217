// SPDX-License-Identifier: Apache-2.0
#include "capture/file.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "capture/format.hpp"
#include "capture/input.hpp"
#include "capture/pcap.hpp"
#include "capture/pcapng.hpp"
#include "capture/read_buffer.hpp"
#include "capture/window.hpp"

namespace wiretape::capture {
namespace {

constexpr std::size_t batch = 256;

Error damaged(std::string message) {
  return {.kind = ErrorKind::input, .message = std::move(message)};
}

std::string count_of_packets(std::uint64_t count) {
  if (count == 0) return "no packet was read before it";
  return count == 1 ? "1 packet was read before it" : fmt::format("{} packets were read before it", count);
}

class FileSource final : public PacketSource {
 public:
  FileSource(std::string name, ReadBuffer buffer, Window window, std::unique_ptr<Format> format)
      : name_(std::move(name)),
        buffer_(std::move(buffer)),
        can_read_again_(window.readable()),
        window_(std::move(window)),
        format_(std::move(format)) {}

  Result<std::span<const net::Packet>> next() override {
    while (!ended_) {
      const Walk walk = format_->walk(buffer_.window(), buffer_.position(), packets_);
      buffer_.consume(walk.consumed);
      if (walk.packets != 0) return hand_out(walk.packets);
      // Only now may the buffer move: no packet of an earlier batch is in use any more.
      if (auto went_on = go_on(walk); !went_on) {
        end();
        return went_on.error();
      }
    }
    return std::span<const net::Packet>{};
  }

  [[nodiscard]] std::shared_ptr<const void> hold() override { return buffer_.hold(); }

  Result<net::Packet> again(std::uint64_t position) override {
    if (!can_read_again_) {
      return Error{.kind = ErrorKind::read, .message = fmt::format("{} cannot be read a second time", name_)};
    }
    net::Packet packet;
    for (std::size_t wanted = 1;;) {
      const auto bytes = window_.at(position, wanted);
      if (!bytes) return bytes.error();
      const Walk walk = format_->read_again(*bytes, position, packet);
      if (walk.packets != 0) return packet;
      if (!walk.damage.empty() || walk.wanted <= bytes->size() || bytes->size() < wanted) {
        return Error{.kind = ErrorKind::read,
                     .message = fmt::format("{} has changed while it was read: no packet at byte {}", name_, position)};
      }
      wanted = walk.wanted;
    }
  }

  [[nodiscard]] bool can_read_again() const override { return can_read_again_; }
  [[nodiscard]] std::span<const Interface> interfaces() const override { return format_->interfaces(); }

 private:
  std::span<const net::Packet> hand_out(std::size_t count) {
    if (!can_read_again_) {
      for (std::size_t i = 0; i < count; ++i) packets_[i].position = net::no_position;
    }
    read_ += count;
    return {packets_.data(), count};
  }

  // What a walk that brought no packet asks for: more bytes. Or the reason why there is no more.
  Result<void> go_on(const Walk& walk) {
    if (!walk.damage.empty()) {
      return damaged(fmt::format("{} is damaged at byte {}: {}; {}", name_, buffer_.position(), walk.damage,
                                 count_of_packets(read_)));
    }
    if (auto filled = buffer_.fill(walk.wanted); !filled) return filled.error();
    if (buffer_.window().empty()) {
      end();
    } else if (buffer_.window().size() < walk.wanted) {
      return damaged(fmt::format("{} is cut off in the record at byte {}; {}", name_, buffer_.position(),
                                 count_of_packets(read_)));
    }
    return {};
  }

  void end() {
    ended_ = true;
    buffer_.release();
  }

  std::string name_;
  ReadBuffer buffer_;
  bool can_read_again_;
  Window window_;
  std::unique_ptr<Format> format_;
  std::array<net::Packet, batch> packets_;
  std::uint64_t read_ = 0;
  bool ended_ = false;
};

Opened open_format(Bytes start) {
  Opened opened = open_pcap(start);
  return opened.format || !opened.refused.empty() ? std::move(opened) : open_pcapng(start);
}

}  // namespace

Result<std::unique_ptr<PacketSource>> open_file(const std::string& path, const FileOptions& options) {
  auto input = open_input(path);
  if (!input) return input.error();
  ReadBuffer buffer(std::move(input->input), input->position, options.largest_read);
  if (auto filled = buffer.fill(pcap_header_length); !filled) return filled.error();

  const Bytes start = buffer.window();
  if (start.empty()) return damaged(fmt::format("{} is empty, not a capture file", input->name));
  Opened opened = open_format(start);
  if (!opened.refused.empty()) return damaged(fmt::format("{} {}", input->name, opened.refused));
  if (!opened.format) return damaged(fmt::format("{} is not a capture file (neither pcap nor pcapng)", input->name));
  buffer.consume(opened.consumed);
  Window window(input->again, input->name, options.largest_read);
  return std::unique_ptr<PacketSource>(std::make_unique<FileSource>(std::move(input->name), std::move(buffer),
                                                                    std::move(window), std::move(opened.format)));
}

}  // namespace wiretape::capture
