// SPDX-License-Identifier: Apache-2.0
// Any bytes as a manifest.json: refused with a sentence, or read with names that stay in their folder.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "record/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wiretape::record;
  const auto read = read_manifest({reinterpret_cast<const char*>(data), size}, "manifest.json");
  if (!read) {
    if (read.error().message.empty()) std::abort();
    return 0;
  }
  for (const ManifestEntry& entry : read->files) {
    if (entry.name.find('/') != std::string::npos || entry.name.rfind('.', 0) == 0) std::abort();
  }
  (void)read->broken_at();
  const auto again = read_manifest(to_json(*read), "manifest.json");
  if (!again || again->files.size() != read->files.size() || again->chain() != read->chain()) std::abort();
  return 0;
}
