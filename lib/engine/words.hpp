// SPDX-License-Identifier: Apache-2.0
// What a recorder and its capturing processes say to each other: messages over a SOCK_SEQPACKET pair, one letter each,
// then what it says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "capture/live.hpp"
#include "engine/live_report.hpp"
#include "record/files.hpp"
#include "record/job.hpp"

namespace wiretape::engine {

enum class Word : char {
  // to the capturing process
  add = 'A',     // NewJob, with the descriptors of the recording's folder and lock
  end = 'Q',     // JobEnd: what was sent until now is still taken
  report = 'r',  // asks for `reported` about each job
  flush = 'f',   // everything so far to the kernel
  leave = 'L',   // no job is left: end
  // to the recorder
  opened = 'S',    // the interfaces, one a line: link type, snapshot length, name
  notice = 'N',    // a sentence
  began = 'B',     // name of a job whose iteration is being recorded from now on
  reported = 'R',  // JobReport
  over = 'O',      // JobReport: the job's iteration is closed, its descriptors are too
  failed = 'E',    // an Error: nothing can be captured (any more); the process ends
};

struct Saying {
  Word word;
  std::string text;
  std::vector<record::Descriptor> descriptors;
};

// False when the other end is gone. At most two descriptors, which stay the caller's too.
bool say(int socket, Word word, std::string_view text = {}, std::initializer_list<int> descriptors = {});
// None when the other end is gone; waits for a message.
std::optional<Saying> hear(int socket);

// Whether more iterations are to come behind one.
enum class Behind : char { more = 'm', nothing = 'n' };

struct NewJob {
  std::string name;
  Timestamp scheduled;  // of the iteration
  Behind behind = Behind::nothing;
};
struct JobEnd {
  std::string name;
  record::State state = record::State::completed;  // completed, stopped, interrupted or failed
  Behind behind = Behind::nothing;
  std::string reason = {};  // of failed
};
struct JobReport {
  std::string name;
  LiveReport report;
  record::State state = record::State::recording;
  std::optional<Error> error;  // why it failed
};

// What is cut or foreign is understood as far as it goes, and never more than that.
std::string pack(const NewJob& job);
NewJob unpack_new_job(std::string_view text);
std::string pack(const JobEnd& end);
JobEnd unpack_job_end(std::string_view text);
std::string pack(const JobReport& report);
JobReport unpack_job_report(std::string_view text);
std::string pack(const Error& error);
Error unpack_error(std::string_view text);
std::string pack(const std::vector<capture::Interface>& interfaces);
std::vector<capture::Interface> unpack_interfaces(std::string_view text);

}  // namespace wiretape::engine
