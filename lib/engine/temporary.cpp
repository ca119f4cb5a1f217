// SPDX-License-Identifier: Apache-2.0
#include "engine/temporary.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace wiretape::engine {

std::string temporary_folder() {
  const char* const folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != 0 ? folder : "/tmp";
}

Result<record::File> temporary_file(std::string name) {
  std::string path = fmt::format("{}/wiretape-XXXXXX", temporary_folder());
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) return record::system_error("write", path, errno, ErrorKind::write);
  ::unlink(path.c_str());
  return record::File(record::system_files(), record::Descriptor(descriptor), std::move(name), 0);
}

}  // namespace wiretape::engine
