// SPDX-License-Identifier: Apache-2.0
#include "record/recording.hpp"

#include <algorithm>

#include "record/schedule.hpp"

namespace wiretape::record {

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

Result<void> Recording::update(const Totals& totals) {
  if (writer_ != nullptr) description_.iterations.back().totals = totals;
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
  iteration.totals = totals;
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

Result<void> Recording::note_missed() {
  ++description_.missed;
  return save();
}

Result<void> Recording::set_state(State state) {
  description_.state = state;
  description_.reason.clear();
  return save();
}

}  // namespace wiretape::record
