// SPDX-License-Identifier: Apache-2.0
#include "engine/kept_packets.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <utility>

#include "engine/packet_buffer.hpp"
#include "engine/positions.hpp"
#include "engine/temporary.hpp"
#include "net/pcap_format.hpp"

namespace wiretape::engine {
namespace {

Error write_error(const std::string& what) {
  return {.kind = ErrorKind::write, .message = fmt::format("cannot write {}: {}", what, std::strerror(errno))};
}

// Writes all of it, over interruptions and short writes. False: errno says why.
bool write_all(int descriptor, const char* bytes, std::size_t size) {
  while (size != 0) {
    const ssize_t written = ::write(descriptor, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

// The files of a merged source stand in the top 16 bits of a position.
std::size_t file_of(std::uint64_t position) {
  return static_cast<std::size_t>(position >> 48U);
}

class ByPosition final : public KeptPackets {
 public:
  explicit ByPosition(capture::PacketSource& source) : source_(source) {}

  Result<void> keep(const net::Packet& packet) override {
    const std::size_t file = file_of(packet.position);
    if (file >= files_.size()) files_.resize(file + 1);
    files_[file].positions.add(packet.position);
    return {};
  }

  Result<bool> next(net::Packet& packet) override {
    if (!begun_) {
      begun_ = true;
      for (File& file : files_) {
        file.reader = file.positions.read();
        if (auto more = advance(file); !more) return more;
      }
    } else if (last_ != nullptr) {
      if (auto more = advance(*last_); !more) return more;
    }
    last_ = nullptr;
    for (File& file : files_) {
      if (file.ended || (last_ != nullptr && last_->head.time <= file.head.time)) continue;
      last_ = &file;
    }
    if (last_ == nullptr) return false;
    packet = last_->head;
    return true;
  }

 private:
  struct File {
    Positions positions;
    Positions::Reader reader;
    net::Packet head;
    std::string bytes;  // of the head, where there are several files: the source gives one packet at a time
    bool ended = false;
  };

  Result<bool> advance(File& file) {
    std::uint64_t position = 0;
    file.ended = !file.reader.next(position);
    if (file.reader.failed()) return lost_positions();
    if (file.ended) return false;
    auto again = source_.again(position);
    if (!again) return std::move(again).error();
    file.head = *again;
    if (files_.size() > 1) {
      file.bytes = file.head.data;
      file.head.data = file.bytes;
    }
    return true;
  }

  static Error lost_positions() {
    return {.kind = ErrorKind::read, .message = "cannot read back which packets are to be kept, from a file in TMPDIR"};
  }

  capture::PacketSource& source_;
  std::deque<File> files_;
  File* last_ = nullptr;  // whose head was given last
  bool begun_ = false;
};

class Spooled final : public KeptPackets {
 public:
  explicit Spooled(record::File file) : file_(std::move(file)) {}

  Result<void> keep(const net::Packet& packet) override {
    places_.push_back({.number = packet.number, .offset = file_.size() + buffer_.size()});
    buffer_.append(packet);
    return buffer_.size() < buffer_limit ? Result<void>{} : flush();
  }

  Result<bool> next(net::Packet& packet) override {
    if (!sorted_) {
      if (auto flushed = flush(); !flushed) return std::move(flushed).error();
      const auto by_number = [](const Place& a, const Place& b) { return a.number < b.number; };
      std::sort(places_.begin(), places_.end(), by_number);
      const auto same = [](const Place& a, const Place& b) { return a.number == b.number; };
      places_.erase(std::unique(places_.begin(), places_.end(), same), places_.end());
      sorted_ = true;
    }
    if (at_ == places_.size()) return false;
    const std::uint64_t offset = places_[at_++].offset;
    StoredPacket header;
    if (auto got = read(offset, reinterpret_cast<char*>(&header), sizeof header); !got) return std::move(got).error();
    bytes_.resize(header.captured_length);
    if (auto got = read(offset + sizeof header, bytes_.data(), bytes_.size()); !got) return std::move(got).error();
    packet = header.packet(bytes_.data());
    return true;
  }

 private:
  struct Place {
    std::uint64_t number, offset;
  };
  static constexpr std::size_t buffer_limit = 1U << 20U;

  Result<void> flush() {
    if (auto written = file_.append(buffer_.bytes()); !written) return written;
    buffer_.clear();
    return {};
  }

  [[nodiscard]] Result<void> read(std::uint64_t offset, char* to, std::size_t size) const {
    const auto got = file_.read(to, size, offset);
    if (!got) return got.error();
    if (*got == size) return {};
    return Error{.kind = ErrorKind::read, .message = "cannot read the spool file: it has become shorter"};
  }

  record::File file_;
  PacketBuffer buffer_;  // not in the file yet
  std::string bytes_;    // of the packet given last
  std::vector<Place> places_;
  std::size_t at_ = 0;
  bool sorted_ = false;
};

// The file that -w names, written in large pieces. A regular file is cut back to its last whole record when writing
// fails.
class PacketFile {
 public:
  static Result<PacketFile> open(const std::string& path) {
    if (path == "-") return PacketFile(STDOUT_FILENO, path);
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0) return write_error('"' + path + '"');
    return PacketFile(descriptor, path);
  }
  PacketFile(PacketFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        path_(std::move(other.path_)),
        buffer_(std::move(other.buffer_)) {}
  PacketFile& operator=(PacketFile&&) = delete;
  ~PacketFile() {
    if (descriptor_ > STDOUT_FILENO) ::close(descriptor_);
  }

  void begin(net::LinkType link) {
    const auto header = net::pcap_header(link);
    buffer_.append(header.data(), header.size());
  }

  Result<void> append(const net::Packet& packet) {
    if (buffer_.size() >= buffer_limit) {
      if (auto flushed = flush(); !flushed) return flushed;
    }
    const Bytes data = packet.data.substr(0, net::longest_packet);
    const auto header = net::pcap_record_header(packet, data.size());
    buffer_.append(header.data(), header.size());
    buffer_ += data;
    return {};
  }

  Result<void> finish() {
    if (auto flushed = flush(); !flushed) return flushed;
    if (descriptor_ <= STDOUT_FILENO) return {};
    if (::close(std::exchange(descriptor_, -1)) != 0) return write_error('"' + path_ + '"');
    return {};
  }

 private:
  static constexpr std::size_t buffer_limit = 1U << 20U;

  PacketFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  // Only whole records reach the kernel in one call; after a failure those before it stay.
  Result<void> flush() {
    if (write_all(descriptor_, buffer_.data(), buffer_.size())) {
      written_ += static_cast<off_t>(buffer_.size());
      buffer_.clear();
      return {};
    }
    Error error = write_error(path_ == "-" ? "standard output" : '"' + path_ + '"');
    if (path_ != "-" && ::ftruncate(descriptor_, written_) != 0) error.detail = "its last packet is cut";
    return error;
  }

  int descriptor_;
  std::string path_;
  std::string buffer_;
  off_t written_ = 0;
};

// The next packet of each source, earliest first; of equal times the source named first.
struct Head {
  net::Packet packet;
  std::size_t source;
  bool operator>(const Head& other) const {
    return packet.time != other.packet.time ? packet.time > other.packet.time : source > other.source;
  }
};

}  // namespace

Result<std::unique_ptr<KeptPackets>> KeptPackets::of(capture::PacketSource& source) {
  if (source.can_read_again()) return std::unique_ptr<KeptPackets>(std::make_unique<ByPosition>(source));
  auto file = temporary_file("the spool file");
  if (!file) return std::move(file).error();
  return std::unique_ptr<KeptPackets>(std::make_unique<Spooled>(*std::move(file)));
}

Result<Written> write_packets(std::vector<KeptPackets*> sources, const std::string& path) {
  auto file = PacketFile::open(path);
  if (!file) return std::move(file).error();

  std::vector<Head> heads;
  for (std::size_t source = 0; source < sources.size(); ++source) {
    Head head{.packet = {}, .source = source};
    auto more = sources[source]->next(head.packet);
    if (!more) return std::move(more).error();
    if (*more) heads.push_back(head);
  }
  std::make_heap(heads.begin(), heads.end(), std::greater<>());

  const net::LinkType link = heads.empty() ? net::LinkType::ethernet : heads.front().packet.link;
  file->begin(link);
  Written written;
  while (!heads.empty()) {
    std::pop_heap(heads.begin(), heads.end(), std::greater<>());
    Head& head = heads.back();
    if (head.packet.link != link) {
      return Error{
          .kind = ErrorKind::usage,
          .message = fmt::format("the packets have different link types ({} and {}), which one pcap file cannot hold",
                                 static_cast<unsigned>(link), static_cast<unsigned>(head.packet.link)),
          .hint = "narrow the statement to one of them"};
    }
    if (auto appended = file->append(head.packet); !appended) return std::move(appended).error();
    ++written.packets;
    written.bytes += head.packet.data.size();
    auto more = sources[head.source]->next(head.packet);
    if (!more) return std::move(more).error();
    if (*more) {
      std::push_heap(heads.begin(), heads.end(), std::greater<>());
    } else {
      heads.pop_back();
    }
  }
  if (auto finished = file->finish(); !finished) return std::move(finished).error();
  return written;
}

}  // namespace wiretape::engine
