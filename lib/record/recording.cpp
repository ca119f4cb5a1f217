// SPDX-License-Identifier: Apache-2.0
#include "record/recording.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "record/schedule.hpp"

namespace wiretape::record {
namespace {

// Where a folder stands now, as far as the system tells.
std::string path_of(int folder) {
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink(fmt::format("/proc/self/fd/{}", folder).c_str(), path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : "the recording's folder";
}

void add(const LetGo& gone, Totals& totals) {
  totals.let_go_segments += gone.segments;
  totals.let_go_packets += gone.packets;
  totals.let_go_bytes += gone.bytes;
  totals.let_go_calls += gone.calls;
}

}  // namespace

Result<Recording> Recording::adopt(Descriptor folder, Descriptor lock, Files& files) {
  std::string path = path_of(folder.number());
  const std::string lock_path = path + '/' + std::string(lock_file);
  Recording recording(Folder::adopt(files, std::move(folder), std::move(path)),
                      File(files, std::move(lock), lock_path, 0), Description{});
  if (auto loaded = recording.reload(); !loaded) return std::move(loaded).error();
  return recording;
}

void Recording::note_interruption(Timestamp at) {
  for (Iteration& iteration : description_.iterations) {
    if (iteration.state != State::recording) continue;
    iteration.state = State::interrupted;
    iteration.ended = at;
  }
}

Result<void> Recording::reload() {
  auto text = folder_.read_small(recording_file, longest_description);
  if (!text) return std::move(text).error();
  auto description = read_description(*text, folder_.path_of(recording_file));
  if (!description) return std::move(description).error();
  description_ = *std::move(description);
  // The folder's name counts: it may have been copied or renamed.
  description_.job.name = folder_.path().substr(folder_.path().rfind('/') + 1);
  return {};
}

Result<Folder> Recording::make_iteration_folder(Timestamp scheduled) const {
  for (std::uint32_t count = 1;; ++count) {
    auto made = folder_.make_folder(iteration_name(scheduled, count));
    if (made || made.error().kind != ErrorKind::name) return made;
  }
}

WriterOptions Recording::writer_options() const {
  WriterOptions options;
  options.segment_size = description_.job.segment_size;
  if (const std::uint64_t limit = description_.job.storage_limit; limit != 0) {
    const std::uint64_t taken = bytes_below(folder_);
    options.storage_limit = limit;
    options.taken = taken;
    options.ring = description_.job.ring;
    options.earlier = earlier_;
  }
  return options;
}

Result<IterationWriter*> Recording::start_iteration(Timestamp scheduled, Timestamp began) {
  auto folder = make_iteration_folder(scheduled);
  if (!folder) return std::move(folder).error();
  const std::string name = folder->path().substr(folder_.path().size() + 1);
  const auto remove_folder = [&] {
    writer_.reset();
    if (auto opened = folder_.folder(name)) (void)opened->remove_file(manifest_file);
    (void)folder_.remove_folder(name);
  };

  if (auto set = set_earlier(); !set) {
    remove_folder();
    return std::move(set).error();
  }
  auto writer = IterationWriter::open(std::move(*folder), writer_options());
  if (!writer) {
    remove_folder();
    return std::move(writer).error();
  }
  writer_ = std::move(*writer);
  Description before = description_;
  note_start(name, scheduled, began);
  if (auto saved = save(); !saved) {
    description_ = std::move(before);
    // Saving may have failed after its last step: the folder goes only when nothing on disk speaks of it.
    if (save_at_any_price()) remove_folder();
    writer_.reset();
    return std::move(saved).error();
  }
  return writer_.get();
}

void Recording::note_start(const std::string& folder, Timestamp scheduled, Timestamp began) {
  Iteration& iteration = description_.iterations.emplace_back();
  iteration.folder = folder;
  iteration.scheduled = scheduled;
  iteration.began = began;
  description_.state = State::recording;
  description_.reason.clear();
}

Result<void> Recording::save() {
  return folder_.replace(recording_file, to_json(description_));
}

Result<void> Recording::save_at_any_price() {
  auto saved = save();
  if (saved || !folder_.remove_file(reserve_file)) return saved;
  return save();
}

// Those that a ring takes from. The writer reaches them by a folder of its own: this object may move.
Result<void> Recording::set_earlier() {
  earlier_.reset();
  if (!description_.job.ring) return {};
  auto folder = folder_.folder(".");
  if (!folder) return std::move(folder).error();
  folder->set_path(folder_.path());
  std::vector<std::string> names;
  for (const Iteration& iteration : description_.iterations) names.push_back(iteration.folder);
  earlier_ = std::make_shared<EarlierIterations>(std::move(*folder), std::move(names));
  return {};
}

void Recording::note_totals(const Totals& totals) {
  Totals& current = description_.iterations.back().totals;
  current = totals;
  add(writer_->written().let_go, current);
  if (earlier_ == nullptr) return;
  for (const auto& [name, gone] : earlier_->take_news()) {
    for (Iteration& iteration : description_.iterations) {
      if (iteration.folder == name) add(gone, iteration.totals);
    }
  }
}

Result<void> Recording::update(const Totals& totals) {
  if (writer_ != nullptr) note_totals(totals);
  return save();
}

Result<void> Recording::close_iteration(const Ending& ending, const Totals& totals) {
  if (writer_ == nullptr) return {};
  auto finished = writer_->finish();
  if (!finished && folder_.remove_file(reserve_file)) (void)writer_->finish();
  Iteration& iteration = description_.iterations.back();
  iteration.state = finished ? ending.state : State::failed;
  iteration.reason = finished ? ending.reason : finished.error().message;
  iteration.ended = ending.at;
  note_totals(totals);
  iteration.chain = writer_->chain();
  writer_.reset();
  return finished;
}

Result<void> Recording::end_iteration(const Ending& ending, const Totals& totals, State next) {
  auto closed = close_iteration(ending, totals);
  description_.state = closed ? next : State::failed;
  description_.reason = closed ? ending.reason : closed.error().message;
  auto saved = save_at_any_price();
  return closed ? saved : closed;
}

Result<void> Recording::finish(const Ending& ending, const Totals& totals) {
  auto closed = close_iteration(ending, totals);
  description_.state = closed ? ending.state : State::failed;
  description_.reason = closed ? ending.reason : closed.error().message;
  description_.ended = ending.at;
  auto saved = save_at_any_price();
  (void)folder_.remove_file(reserve_file);  // nothing more will be written that could need it
  return closed ? saved : closed;
}

Result<void> Recording::note_missed(std::uint32_t iterations) {
  description_.missed += iterations;
  return save();
}

Result<void> Recording::set_state(State state) {
  description_.state = state;
  description_.reason.clear();
  return save();
}

}  // namespace wiretape::record
