// SPDX-License-Identifier: Apache-2.0
// Jobs and their times in words. Texts of the job are given back as they are: who shows them makes them harmless.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "record/job.hpp"
#include "record/outlook.hpp"
#include "record/schedule.hpp"

namespace wiretape::record {

// One line with all that was understood:
// "errors": http and response.status >= 500, on eth0, from 08:45 UTC (in 3 h 12 min), 60 min a day for 7 days, each day
// kept 3 days
// `first` is the window that comes first, `now` what "in" counts from.
std::string job_in_words(const Job& job, const Window& first, Timestamp now);

// How long it records: "until interrupted", "for 60 min", "60 min a day for 7 days", "all day until stopped".
std::string length_in_words(const Job& job);

// When something happens next, or happened last: "in 3 h 12 min", "ends 09:45", "until stopped", "ended 09:45", "due"
// for what should have begun; "" where nothing is known.
std::string next_in_words(const Description& description, const Outlook& outlook, Timestamp now);

// "2/7"; "2" of a job without a last iteration.
std::string iteration_in_words(const Job& job, const Outlook& outlook);

// "in 2 d 3 h", "now" when it may be removed, "after 3 d" while its end is to come, "never".
std::string expiry_in_words(const Job& job, const Outlook& outlook, Timestamp now);
// The same for what one iteration recorded.
std::string expiry_in_words(const Job& job, const Iteration& iteration, Timestamp now);

// 09:45, 09:45:30, and with the date when it is a day or more from `now`: 2024-06-05 09:45. UTC.
std::string clock_text(Timestamp time, Timestamp now);

// Blanks of any kind become one space: a statement that was written on several lines stands in one.
std::string one_line(std::string_view text);

// As exact as a person wants it: seconds below two minutes, minutes up to a day, then hours. 0 s for the past.
std::string rough_text(Duration span);

}  // namespace wiretape::record
