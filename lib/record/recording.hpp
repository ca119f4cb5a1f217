// SPDX-License-Identifier: Apache-2.0
// A recording that is being made: its folder, its lock, its recording.json.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "record/files.hpp"
#include "record/job.hpp"
#include "record/writer.hpp"

namespace wiretape::record {

// Holds the lock as long as it lives. Every change of state is on disk when the call returns.
// The usual way: Store::create(), start_iteration(), writing, finish().
class Recording {
 public:
  Recording(Recording&&) noexcept = default;
  Recording& operator=(Recording&&) noexcept = default;

  [[nodiscard]] const Description& description() const { return description_; }
  [[nodiscard]] const std::string& path() const { return folder_.path(); }
  [[nodiscard]] const Folder& folder() const { return folder_; }
  // For who works on it in this one's stead: both descriptors are handed over, and adopt()ed there. Until that one is
  // gone nothing but reload() may be called here.
  [[nodiscard]] int lock() const { return lock_.descriptor(); }
  // A recording whose lock another Recording has taken and shares.
  static Result<Recording> adopt(Descriptor folder, Descriptor lock, Files& files = system_files());
  // Notes what nobody is writing any more: the open iteration has ended so. On disk with the next change of state.
  void note_interruption(Timestamp at);
  // Reads again what somebody else has written in this one's stead.
  Result<void> reload();

  // Makes the iteration's folder, named by its scheduled start, and the state `recording`. No other iteration may be
  // open. The writer belongs to the recording and lives until the iteration is ended.
  Result<IterationWriter*> start_iteration(Timestamp scheduled, Timestamp began);
  [[nodiscard]] IterationWriter* writer() const { return writer_.get(); }

  // What the ring has let go is added to the totals here.
  // Numbers so far, for who looks at a growing recording. Costs a replacement of recording.json: call it at most once a
  // second.
  Result<void> update(const Totals& totals);

  // Closes the open iteration's segments and notes how it ended (completed, stopped, failed); the recording is `next`
  // from then on: waiting, or the same as the iteration. An error of writing makes both `failed`, with its sentence as
  // the reason, and is returned.
  struct Ending {
    State state = State::completed;
    std::string reason;  // for failed
    Timestamp at;
  };
  Result<void> end_iteration(const Ending& ending, const Totals& totals, State next);

  // Ends the open iteration, if any, in the same way, and the recording.
  Result<void> finish(const Ending& ending, const Totals& totals);

  // An iteration whose time has passed entirely.
  Result<void> note_missed(std::uint32_t iterations);
  // scheduled or waiting; the reason is forgotten.
  Result<void> set_state(State state);

 private:
  friend class Store;  // makes them: Store::create, Store::resume
  Recording(Folder folder, File lock, Description description)
      : folder_(std::move(folder)), lock_(std::move(lock)), description_(std::move(description)) {}

  Result<void> save();
  // The same, giving back the reserve where the disk is full.
  Result<void> save_at_any_price();
  Result<void> close_iteration(const Ending& ending, const Totals& totals);
  void note_start(const std::string& folder, Timestamp scheduled, Timestamp began);
  Result<Folder> make_iteration_folder(Timestamp scheduled) const;
  [[nodiscard]] WriterOptions writer_options() const;
  Result<void> set_earlier();
  void note_totals(const Totals& totals);

  Folder folder_;
  File lock_;
  Description description_;
  std::unique_ptr<IterationWriter> writer_;
  std::shared_ptr<EarlierIterations> earlier_;  // shared with the writer; none without a ring
};

}  // namespace wiretape::record
