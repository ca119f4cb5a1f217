// SPDX-License-Identifier: Apache-2.0
#include "record/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "record/format.hpp"
#include "record/manifest.hpp"
#include "record/time_order.hpp"

namespace wiretape::record {
namespace {

// Length of the whole records at the front of `bytes`, which begin with a record.
std::size_t whole_packets(Bytes bytes) {
  Cursor in(bytes);
  std::size_t whole = 0;
  while (in.ok()) {
    in.skip(8);
    const std::uint32_t length = in.le32();
    in.skip(4);
    in.skip(length);
    if (in.ok()) whole = in.position();
    if (in.left() == 0) break;
  }
  return whole;
}

std::size_t whole_lines(Bytes bytes) {
  const std::size_t newline = bytes.rfind('\n');
  return newline == Bytes::npos ? 0 : newline + 1;
}

// One file of a segment, made when its first record reaches the kernel.
class RecordFile {
 public:
  explicit RecordFile(FileRole role) : role_(role) {}

  [[nodiscard]] FileRole role() const { return role_; }
  [[nodiscard]] std::string& buffer() { return buffer_; }
  [[nodiscard]] bool empty() const { return !file_ && buffer_.empty(); }
  [[nodiscard]] const std::optional<File>& file() const { return file_; }
  [[nodiscard]] std::uint64_t size() const { return (file_ ? file_->size() : 0) + buffer_.size(); }

  // `header` is what the file begins with.
  Result<void> flush(const Folder& folder, std::uint32_t segment, Bytes header) {
    if (buffer_.empty()) return {};
    if (!file_) {
      if (auto made = make(folder, segment, header); !made) return made;
    }
    auto done = file_->append(buffer_, role_ == FileRole::packets ? whole_packets : whole_lines);
    // After a failure, what did not get there is lost: keeping it could only write it twice.
    buffer_.clear();
    unsynced_ = true;
    return done;
  }

  Result<void> sync() {
    if (!file_ || !unsynced_) return {};
    if (auto linked = file_->check_linked(); !linked) return linked;
    auto done = file_->sync_data();
    if (done) unsynced_ = false;
    return done;
  }

  void replace_with(File file) { file_.emplace(std::move(file)); }

 private:
  Result<void> make(const Folder& folder, std::uint32_t segment, Bytes header) {
    const std::string name = file_name(segment, role_);
    auto file = folder.create(name);
    if (!file) return std::move(file).error();
    if (auto done = file->append(header); !done) {
      (void)folder.remove_file(name);  // without its header it would be no pcap
      return done;
    }
    file_.emplace(std::move(*file));
    return {};
  }

  FileRole role_;
  std::optional<File> file_;
  std::string buffer_;
  bool unsynced_ = false;
};

// A segment that is being written.
struct OpenSegment {
  std::uint32_t number = 0;
  std::optional<net::LinkType> link;  // none until its first packet
  RecordFile packets{FileRole::packets};
  RecordFile streams{FileRole::streams};
  RecordFile calls{FileRole::calls};

  std::uint64_t last_key = 0;
  std::vector<std::uint64_t> runs;  // where those known begin
  bool runs_known = true;           // not more than are worth remembering

  [[nodiscard]] bool in_order() const { return runs_known && runs.size() <= 1; }
  // The header counts before it has been written.
  [[nodiscard]] std::uint64_t pcap_size() const { return packets.size() + (packets.file() ? 0 : pcap_header_size); }
  [[nodiscard]] std::uint64_t line_size() const { return streams.size() + calls.size(); }
  [[nodiscard]] bool empty() const { return packets.empty() && streams.empty() && calls.empty(); }

  // Before each record: notes where one begins that is older than the one before.
  void note_time(std::uint64_t key) {
    if ((packets.empty() || key < last_key) && runs_known) {
      runs_known = runs.size() < most_runs;
      if (runs_known) runs.push_back(pcap_size());
      if (!runs_known) runs.clear();
    }
    last_key = key;
  }
  [[nodiscard]] std::array<RecordFile*, 3> in_order_of_flush() { return {&packets, &streams, &calls}; }
};

}  // namespace

struct IterationWriter::Impl {
  Impl(Folder its_folder, const WriterOptions& its_options) : folder(std::move(its_folder)), options(its_options) {
    if (options.ring && options.storage_limit != 0) {
      options.segment_size = std::min(options.segment_size, options.storage_limit / 4);
    }
  }

  // Remembers the first error: from then on nothing is taken.
  Result<void> fail(Result<void> result) {
    if (!result && !failure) failure = result.error();
    return result;
  }

  Result<void> start() {
    const auto entries = folder.entries();
    if (!entries) return entries.error();
    bool has_manifest = false;
    for (const FolderEntry& entry : *entries) {
      const auto name = parse_file_name(entry.name);
      if (!name) continue;
      has_manifest = has_manifest || name->role == FileRole::manifest;
      next_number = std::max(next_number, name->segment + 1);
    }
    if (!has_manifest) return save_manifest(manifest);
    const auto text = folder.read_small(manifest_file, longest_manifest);
    if (!text) return text.error();
    auto read = read_manifest(*text, folder.path_of(manifest_file));
    if (!read) return std::move(read).error();
    manifest = std::move(*read);
    return {};
  }

  Result<void> save_manifest(const Manifest& content) const { return folder.replace(manifest_file, to_json(content)); }

  OpenSegment& open_segment(std::optional<net::LinkType> link) {
    auto& segment = *segments.emplace_back(std::make_unique<OpenSegment>());
    segment.number = next_number++;
    segment.link = link;
    ++written.segments;
    return segment;
  }

  // The open segment of a link type. One that has lines only takes the first type that comes.
  OpenSegment& segment_for(net::LinkType link) {
    if (current != nullptr && current->link == link) return *current;
    for (const auto& segment : segments) {
      if (segment->link == link) return *segment;
    }
    for (const auto& segment : segments) {
      if (segment->link) continue;
      segment->link = link;
      return *segment;
    }
    return open_segment(link);
  }

  [[nodiscard]] bool has_room(std::uint64_t bytes) const {
    return options.storage_limit == 0 || options.taken + written.bytes - given_back + bytes <= options.storage_limit;
  }

  // The oldest first: those of earlier iterations, then what is closed here, then what is open.
  Result<LetGo> let_go_oldest() {
    if (options.earlier != nullptr) {
      auto gone = options.earlier->let_go_oldest();
      if (!gone || gone->segments != 0) return gone;
    }
    std::vector<std::uint32_t> open;
    for (const auto& segment : segments) open.push_back(segment->number);
    auto gone = record::let_go_oldest(folder, manifest, open);
    if (gone) written.let_go += *gone;
    return gone;
  }

  // Before a record's segment is chosen, which may be closed and let go by this.
  Result<void> make_room(std::uint64_t bytes) {
    if (!options.ring) return {};
    while (!has_room(bytes)) {
      const auto gone = let_go_oldest();
      if (!gone) return gone.error();
      given_back += gone->bytes;
      if (gone->segments != 0) continue;
      if (segments.empty()) return {};
      if (auto closed = close_all(); !closed) return closed;
    }
    return {};
  }

  // Whether a segment is to be closed before so much more is written to it.
  [[nodiscard]] bool is_full(const OpenSegment& segment, std::uint64_t bytes) const {
    const std::uint64_t lines = options.ring ? segment.line_size() : 0;
    return segment.pcap_size() + lines + bytes > options.segment_size;
  }

  Result<void> take_room(std::uint64_t bytes) {
    if (!has_room(bytes)) {
      limit_reached = true;
      return Error{.kind = ErrorKind::write,
                   .message = fmt::format("the storage limit of {} is reached in {}", size_text(options.storage_limit),
                                          folder.path()),
                   .hint = {},
                   .detail = {}};
    }
    written.bytes += bytes;
    return {};
  }

  Result<void> packet(const net::Packet& packet) {
    const Bytes data = packet.data.substr(0, longest_packet);
    const std::size_t size = pcap_record_header_size + data.size();
    if (auto made = make_room(size + pcap_header_size); !made) return made;
    OpenSegment* segment = &segment_for(packet.link);
    if (is_full(*segment, size) && !segment->packets.empty()) {
      if (auto closed = close(*segment); !closed) return closed;
      segment = &segment_for(packet.link);
    }
    current = segment;
    if (auto room = take_room(size + (segment->packets.empty() ? pcap_header_size : 0)); !room) return room;

    const net::PcapTime time = net::pcap_time(packet.time);
    segment->note_time(time_key(time.seconds, time.nanoseconds));
    std::string& out = segment->packets.buffer();
    const auto header = net::pcap_record_header(packet, data.size());
    out.append(header.data(), header.size());
    out += data;
    ++written.packets;
    written.packet_bytes += data.size();
    if (data.size() < packet.data.size()) ++written.cut_packets;
    return out.size() < options.buffer_size ? Result<void>() : flush_packets(*segment);
  }

  Result<void> line(std::string_view json, RecordFile OpenSegment::*file, std::uint64_t Written::*counter) {
    if (auto made = make_room(json.size() + 1); !made) return made;
    if (options.ring && current != nullptr && is_full(*current, json.size() + 1) && !current->empty()) {
      if (auto closed = close(*current); !closed) return closed;
    }
    if (auto room = take_room(json.size() + 1); !room) return room;
    if (current == nullptr) current = segments.empty() ? &open_segment(std::nullopt) : segments.back().get();
    std::string& out = (current->*file).buffer();
    out += json;
    out += '\n';
    ++(written.*counter);
    return out.size() < options.buffer_size ? Result<void>() : flush();
  }

  Result<void> flush_packets(OpenSegment& segment) {
    const auto header = net::pcap_header(segment.link.value_or(net::LinkType::ethernet));
    return segment.packets.flush(folder, segment.number, {header.data(), header.size()});
  }

  // Packets of all segments before lines of any: a call may stand beside another segment than its stream's packets.
  Result<void> flush() {
    for (const auto& segment : segments) {
      if (auto done = flush_packets(*segment); !done) return done;
    }
    for (const auto& segment : segments) {
      if (auto done = segment->streams.flush(folder, segment->number, {}); !done) return done;
    }
    for (const auto& segment : segments) {
      if (auto done = segment->calls.flush(folder, segment->number, {}); !done) return done;
    }
    return {};
  }

  Result<void> sync() {
    if (auto done = flush(); !done) return done;
    for (const auto& segment : segments) {
      if (auto done = sync_files(*segment); !done) return done;
    }
    return folder.sync();
  }

  static Result<void> sync_files(OpenSegment& segment) {
    for (RecordFile* file : segment.in_order_of_flush()) {
      if (auto done = file->sync(); !done) return done;
    }
    return {};
  }

  Result<void> close(OpenSegment& segment) {
    if (auto done = flush(); !done) return done;
    return close_flushed(segment);
  }

  Result<void> close_all() {
    if (auto done = flush(); !done) return done;
    while (!segments.empty()) {
      if (auto done = close_flushed(*segments.front()); !done) return done;
    }
    return {};
  }

  // Can be asked again after an error: what has been done is found done.
  Result<void> close_flushed(OpenSegment& segment) {
    if (auto done = sync_files(segment); !done) return done;
    if (!segment.in_order()) {
      if (auto done = sort(segment); !done) return done;
    }
    Manifest longer = manifest;
    for (RecordFile* file : segment.in_order_of_flush()) {
      if (auto done = enlist(longer, segment, *file); !done) return done;
    }
    if (auto done = save_manifest(longer); !done) return done;
    manifest = std::move(longer);
    forget(segment);
    return {};
  }

  Result<void> sort(OpenSegment& segment) {
    if (!segment.packets.file()) return {};
    const auto sorted =
        write_in_time_order(folder, *segment.packets.file(), segment.number, segment.runs, options.merge_memory);
    if (!sorted) return sorted.error();
    const std::string name = file_name(segment.number, FileRole::packets);
    if (auto done = folder.rename(*sorted, name); !done) {
      (void)folder.remove_file(*sorted);
      return done;
    }
    auto file = folder.open_file(name);
    if (!file) return std::move(file).error();
    segment.packets.replace_with(std::move(*file));
    segment.runs.clear();
    segment.runs_known = true;
    return folder.sync();
  }

  Result<void> enlist(Manifest& longer, const OpenSegment& segment, const RecordFile& file) const {
    if (!file.file()) return {};
    auto measured = measure(*file.file(), file.role());
    if (!measured) return std::move(measured).error();
    longer.append(entry_of(file_name(segment.number, file.role()), *std::move(measured)));
    return {};
  }

  void forget(const OpenSegment& segment) {
    if (current == &segment) current = nullptr;
    segments.erase(std::find_if(segments.begin(), segments.end(),
                                [&](const auto& candidate) { return candidate.get() == &segment; }));
  }

  // After a failure: what reached the kernel is closed as far as the system allows. What is in the buffers goes there
  // only when the system has not failed.
  void close_what_is_there() {
    if (limit_reached) limit_reached = flush().has_value();
    for (std::size_t i = 0; i < segments.size();) {
      const std::size_t before = segments.size();
      (void)close_flushed(*segments[i]);
      if (segments.size() == before) ++i;
    }
  }

  Folder folder;
  WriterOptions options;
  Manifest manifest;
  std::vector<std::unique_ptr<OpenSegment>> segments;  // open, one for each link type
  OpenSegment* current = nullptr;                      // of the packet written last
  std::uint32_t next_number = 1;
  Written written;
  std::uint64_t given_back = 0;  // bytes, by letting go
  std::optional<Error> failure;
  bool limit_reached = false;  // that is the failure, and nothing else
};

IterationWriter::IterationWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IterationWriter::~IterationWriter() = default;

Result<std::unique_ptr<IterationWriter>> IterationWriter::open(Folder folder, const WriterOptions& options) {
  auto impl = std::make_unique<Impl>(std::move(folder), options);
  if (auto started = impl->start(); !started) return started.error();
  return std::unique_ptr<IterationWriter>(new IterationWriter(std::move(impl)));
}

Result<void> IterationWriter::packet(const net::Packet& packet) {
  if (impl_->failure) return *impl_->failure;
  return impl_->fail(impl_->packet(packet));
}

Result<void> IterationWriter::call(std::string_view json) {
  if (impl_->failure) return *impl_->failure;
  return impl_->fail(impl_->line(json, &OpenSegment::calls, &Written::calls));
}

Result<void> IterationWriter::stream(std::string_view json) {
  if (impl_->failure) return *impl_->failure;
  return impl_->fail(impl_->line(json, &OpenSegment::streams, &Written::stream_lines));
}

Result<void> IterationWriter::flush() {
  if (impl_->failure) return *impl_->failure;
  return impl_->fail(impl_->flush());
}

Result<void> IterationWriter::sync() {
  if (impl_->failure) return *impl_->failure;
  return impl_->fail(impl_->sync());
}

Result<void> IterationWriter::close_segment() {
  if (impl_->failure) return *impl_->failure;
  return impl_->fail(impl_->close_all());
}

Result<void> IterationWriter::finish() {
  if (!impl_->failure) return impl_->fail(impl_->close_all());
  impl_->close_what_is_there();
  return *impl_->failure;
}

const Written& IterationWriter::written() const {
  return impl_->written;
}
std::string IterationWriter::chain() const {
  return impl_->manifest.chain();
}

}  // namespace wiretape::record
