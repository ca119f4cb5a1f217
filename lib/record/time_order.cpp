// SPDX-License-Identifier: Apache-2.0
#include "record/time_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <utility>

#include "record/format.hpp"
#include "record/members.hpp"

namespace wiretape::record {
namespace {

// Bytes of a file that hold whole records in order.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// Reads the records of a range one after the other.
class RecordReader {
 public:
  RecordReader(const File& file, Range range, std::size_t buffer_size)
      : file_(&file), range_(range), buffer_(fitting(range, buffer_size), '\0') {}

  // False at the end of the range.
  Result<bool> next() {
    at_ += record_;
    record_ = 0;
    if (at_ == filled_ && range_.begin == range_.end) return false;
    if (auto done = need(pcap_record_header_size); !done) return done.error();
    Cursor in(Bytes(buffer_).substr(at_));
    const std::uint32_t seconds = in.le32();
    key_ = time_key(seconds, in.le32());
    const std::uint32_t length = in.le32();
    if (length > longest_packet) return damaged(file_->path(), "a record is too long");
    if (auto done = need(pcap_record_header_size + length); !done) return done.error();
    record_ = pcap_record_header_size + length;
    return true;
  }
  // Of the record that next() found; valid until it is called again.
  [[nodiscard]] Bytes record() const { return Bytes(buffer_).substr(at_, record_); }
  [[nodiscard]] std::uint64_t key() const { return key_; }

 private:
  // Most segments are small, and need not pay for the memory that large ones may take.
  static std::size_t fitting(Range range, std::size_t most) {
    const std::uint64_t size = std::min<std::uint64_t>(most, range.end - range.begin);
    return std::max<std::size_t>(static_cast<std::size_t>(size), pcap_record_header_size);
  }

  // Lets the next `size` bytes stand in the buffer.
  Result<void> need(std::size_t size) {
    if (filled_ - at_ >= size) return {};
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(at_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(filled_), buffer_.begin());
    filled_ -= at_;
    at_ = 0;
    if (buffer_.size() < size) buffer_.resize(size);
    const auto room = std::min<std::uint64_t>(buffer_.size() - filled_, range_.end - range_.begin);
    const auto got = file_->read(buffer_.data() + filled_, static_cast<std::size_t>(room), range_.begin);
    if (!got) return got.error();
    filled_ += *got;
    range_.begin += *got;
    if (filled_ < size) return damaged(file_->path(), "it ends within a record");
    return {};
  }

  const File* file_;
  Range range_;  // not read yet
  std::string buffer_;
  std::size_t at_ = 0;      // of the current record
  std::size_t record_ = 0;  // its length
  std::size_t filled_ = 0;
  std::uint64_t key_ = 0;
};

// A new file that begins with the header of another one.
class Output {
 public:
  static Result<Output> create(const Folder& folder, std::string name, Bytes header) {
    if (auto removed = folder.remove_file(name); !removed) return removed.error();
    auto file = folder.create(name);
    if (!file) return std::move(file).error();
    Output output(std::move(name), std::move(*file));
    output.buffer_ = header;
    return output;
  }

  Result<void> add(Bytes record) {
    buffer_ += record;
    return buffer_.size() < buffer_size ? Result<void>() : flush();
  }
  Result<void> flush() {
    auto done = file_.append(buffer_);
    buffer_.clear();
    return done;
  }
  [[nodiscard]] std::uint64_t position() const { return file_.size() + buffer_.size(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] File& file() { return file_; }

 private:
  static constexpr std::size_t buffer_size = 256U << 10U;
  Output(std::string name, File file) : name_(std::move(name)), file_(std::move(file)) {
    buffer_.reserve(buffer_size + longest_packet);
  }

  std::string name_;
  File file_;
  std::string buffer_;
};

// Merges runs into one. Of equal times the earlier run is first.
Result<void> merge(const File& from, const std::vector<Range>& runs, Output& to, std::size_t memory) {
  std::vector<RecordReader> readers;
  readers.reserve(runs.size());
  for (const Range& run : runs) readers.emplace_back(from, run, memory / runs.size());

  using Head = std::pair<std::uint64_t, std::size_t>;  // time, run
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  const auto advance = [&](std::size_t run) -> Result<void> {
    const auto more = readers[run].next();
    if (!more) return more.error();
    if (*more) heads.emplace(readers[run].key(), run);
    return {};
  };
  for (std::size_t run = 0; run < readers.size(); ++run) {
    if (auto done = advance(run); !done) return done;
  }
  while (!heads.empty()) {
    const std::size_t run = heads.top().second;
    heads.pop();
    if (auto done = to.add(readers[run].record()); !done) return done;
    if (auto done = advance(run); !done) return done;
  }
  return {};
}

// Writes records out in runs, as long as the disorder within `memory` bytes allows.
class Window {
 public:
  Window(const File& from, Range range, Output& to, std::size_t memory)
      : reader_(from, range, memory / 8), to_(to), most_bytes_(memory / 4), most_items_(memory / 4 / sizeof(Item)) {
    bytes_.reserve(most_bytes_ + pcap_record_header_size + longest_packet);
    kept_.reserve(bytes_.capacity());
    items_.reserve(most_items_);
  }

  Result<std::vector<Range>> run() {
    while (true) {
      if (auto done = fill(); !done) return done.error();
      if (items_.empty()) break;
      std::sort(items_.begin(), items_.end());
      // What is older than what went out last cannot go on in the same run.
      if (runs_.empty() || items_.front().key < last_key_) runs_.push_back({.begin = to_.position(), .end = 0});
      if (auto done = emit(); !done) return done.error();
      runs_.back().end = to_.position();
    }
    return std::move(runs_);
  }

 private:
  struct Item {
    std::uint64_t key;
    std::uint32_t offset;  // in bytes_; grows in the order of the file among equal keys
    std::uint32_t length;
    auto operator<=>(const Item&) const = default;
  };

  Result<void> fill() {
    while (!at_end_ && bytes_.size() < most_bytes_ && items_.size() < most_items_) {
      const auto more = reader_.next();
      if (!more) return more.error();
      at_end_ = !*more;
      if (at_end_) break;
      const Bytes record = reader_.record();
      items_.push_back({.key = reader_.key(),
                        .offset = static_cast<std::uint32_t>(bytes_.size()),
                        .length = static_cast<std::uint32_t>(record.size())});
      bytes_ += record;
    }
    return {};
  }

  // The older half, or all when nothing more comes in.
  Result<void> emit() {
    const std::size_t going = at_end_ ? items_.size() : (items_.size() + 1) / 2;
    for (std::size_t i = 0; i < going; ++i) {
      if (auto done = to_.add(Bytes(bytes_).substr(items_[i].offset, items_[i].length)); !done) return done;
    }
    last_key_ = items_[going - 1].key;
    kept_.clear();
    for (std::size_t i = going; i < items_.size(); ++i) {
      const Bytes record = Bytes(bytes_).substr(items_[i].offset, items_[i].length);
      items_[i].offset = static_cast<std::uint32_t>(kept_.size());
      kept_ += record;
    }
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(going));
    std::swap(bytes_, kept_);
    return {};
  }

  RecordReader reader_;
  Output& to_;
  std::size_t most_bytes_;
  std::size_t most_items_;
  std::string bytes_;  // of the records in the window
  std::string kept_;
  std::vector<Item> items_;
  std::vector<Range> runs_;
  std::uint64_t last_key_ = 0;
  bool at_end_ = false;
};

// Runs of a file, and the file where it is not the segment itself.
struct Runs {
  std::optional<Output> file;
  std::vector<Range> ranges;
};

class Sorter {
 public:
  Sorter(const Folder& folder, const File& segment, std::uint32_t number, std::size_t memory)
      : folder_(folder), segment_(segment), number_(number), memory_(std::max<std::size_t>(memory, 1U << 20U)) {}

  Result<std::string> sort(const std::vector<std::uint64_t>& run_starts) {
    auto sorted = merge_all(run_starts);
    if (!sorted) {
      for (const char* suffix : suffixes) (void)folder_.remove_file(name(suffix));
    }
    return sorted;
  }

 private:
  static constexpr std::array suffixes = {".runs", ".runs2", ".sorted"};
  [[nodiscard]] std::string name(const char* suffix) const { return fmt::format("{:06}{}", number_, suffix); }

  Result<std::string> merge_all(const std::vector<std::uint64_t>& run_starts) {
    header_.resize(pcap_header_size);
    const auto got = segment_.read(header_.data(), header_.size(), 0);
    if (!got) return got.error();
    if (*got != header_.size()) return damaged(segment_.path(), "it has no whole header");

    Runs runs;
    if (run_starts.empty()) {
      if (auto done = make_runs(runs); !done) return done.error();
    } else {
      runs.ranges = ranges_of(run_starts);
    }
    while (!runs.file || runs.ranges.size() > 1) {
      if (auto done = merge_once(runs); !done) return done.error();
    }
    if (auto done = runs.file->file().sync_data(); !done) return done.error();
    return runs.file->name();
  }

  [[nodiscard]] std::vector<Range> ranges_of(const std::vector<std::uint64_t>& starts) const {
    std::vector<Range> ranges;
    for (const std::uint64_t start : starts) {
      if (start >= segment_.size()) break;  // its records did not get to the disk
      if (!ranges.empty()) ranges.back().end = start;
      ranges.push_back({.begin = start, .end = segment_.size()});
    }
    return ranges;
  }

  Result<void> make_runs(Runs& runs) {
    auto output = Output::create(folder_, name(suffixes[0]), header_);
    if (!output) return output.error();
    Window window(segment_, {.begin = pcap_header_size, .end = segment_.size()}, *output, memory_);
    auto ranges = window.run();
    if (!ranges) return ranges.error();
    if (auto done = output->flush(); !done) return done;
    runs.ranges = std::move(*ranges);
    runs.file.emplace(std::move(*output));
    return {};
  }

  // Every `most_runs` runs become one, in a new file; the file they were in goes.
  Result<void> merge_once(Runs& runs) {
    const bool is_first = !runs.file || runs.file->name() != name(suffixes[0]);
    const char* const suffix = runs.ranges.size() <= most_runs ? suffixes[2] : is_first ? suffixes[0] : suffixes[1];
    auto output = Output::create(folder_, name(suffix), header_);
    if (!output) return output.error();
    const File& from = runs.file ? runs.file->file() : segment_;
    std::vector<Range> merged;
    for (std::size_t at = 0; at < runs.ranges.size(); at += most_runs) {
      const auto begin = runs.ranges.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = static_cast<std::ptrdiff_t>(std::min(most_runs, runs.ranges.size() - at));
      merged.push_back({.begin = output->position(), .end = 0});
      if (auto done = merge(from, {begin, begin + count}, *output, memory_ / 2); !done) return done;
      merged.back().end = output->position();
    }
    if (auto done = output->flush(); !done) return done;
    if (runs.file) {
      if (auto done = folder_.remove_file(runs.file->name()); !done) return done;
    }
    runs.file.emplace(std::move(*output));
    runs.ranges = std::move(merged);
    return {};
  }

  const Folder& folder_;
  const File& segment_;
  std::uint32_t number_;
  std::size_t memory_;
  std::string header_;
};

}  // namespace

Result<std::string> write_in_time_order(const Folder& folder, const File& from, std::uint32_t segment,
                                        const std::vector<std::uint64_t>& runs, std::size_t memory) {
  return Sorter(folder, from, segment, memory).sort(runs);
}

}  // namespace wiretape::record
