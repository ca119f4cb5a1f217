// SPDX-License-Identifier: Apache-2.0
// Any bytes as a recording.json: refused with a sentence, or read so that writing and reading it again gives the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "record/digest.hpp"
#include "record/job.hpp"
#include "record/schedule.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wiretape::record;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)is_sealed(text);
  const auto read = read_description(text, "recording.json");
  if (!read) {
    if (read.error().message.empty()) std::abort();
    return 0;
  }
  const std::string written = to_json(*read);
  const auto again = read_description(written, "recording.json");
  if (!again || to_json(*again) != written || !is_sealed(written)) std::abort();
  (void)expiry_of(*read);
  (void)is_over(*read, read->created);
  (void)due(read->job, read->created, 0, read->created);
  return 0;
}
