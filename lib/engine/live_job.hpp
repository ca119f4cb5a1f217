// SPDX-License-Identifier: Apache-2.0
// One job in the process that captures for it: its recording, and what of the traffic goes there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "engine/disk_writer.hpp"
#include "engine/pipeline.hpp"
#include "engine/recording_sink.hpp"
#include "engine/words.hpp"
#include "record/recording.hpp"

namespace wiretape::engine {

// What the capture has counted at a moment.
struct CaptureState {
  Stats stats;
  capture::Counters counters;
  std::uint64_t taken = 0;  // packets that the source gave and that have gone their way
};

class LiveJob {
 public:
  // Begins the iteration `asked.scheduled` and joins the pipeline. Errors leave the recording as it was.
  static Result<std::unique_ptr<LiveJob>> begin(record::Recording recording, const NewJob& asked, Pipeline& pipeline,
                                                const CaptureState& now);

  [[nodiscard]] const std::string& name() const { return recording_.description().job.name; }
  [[nodiscard]] JobReport report(const CaptureState& now) const;

  // What was selected goes to the disk's thread; `flush` waits until it is with the kernel.
  void hand_over(const CaptureState& now);
  void flush() { disk_->flush(); }
  [[nodiscard]] std::size_t waiting() { return sink_.batch().size(); }
  [[nodiscard]] bool failed() const { return disk_->failed(); }
  [[nodiscard]] std::uint64_t waits() const { return disk_->waits(); }  // for the disk

  // How many packets it still wants.
  [[nodiscard]] std::uint64_t packets_left(const CaptureState& now) const;

  // It ends when what was sent until `now` has been taken: at once when nothing is on its way. `state` has the counters
  // of that moment.
  void end_with(const JobEnd& end, Timestamp now, const CaptureState& state);
  [[nodiscard]] bool ending() const { return ending_.has_value(); }
  // Told of each batch: true when the job is at its end. `last` is the time of the batch's last packet, none when it
  // was empty.
  [[nodiscard]] bool at_end(std::optional<Timestamp> last, const CaptureState& now);

  // Leaves the pipeline, and closes the iteration. `capture` is what ended the capture itself, if something did.
  JobReport finish(Pipeline& pipeline, const CaptureState& now, const Error* capture);

 private:
  struct Ending {
    JobEnd asked;
    Timestamp at;
    std::uint64_t due = 0;  // packets sent before the end, of the whole capture
    int quiet = 0;          // rounds without any
  };

  LiveJob(record::Recording recording, const NewJob& asked, const kfl::Statement& statement, StoredPackets stored,
          const CaptureState& now);

  record::Recording recording_;
  RecordingSink sink_;
  CaptureState before_;
  Behind behind_;
  std::unique_ptr<DiskWriter> disk_;
  std::size_t slot_ = 0;
  std::optional<Ending> ending_;
};

}  // namespace wiretape::engine
