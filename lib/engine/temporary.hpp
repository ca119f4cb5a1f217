// SPDX-License-Identifier: Apache-2.0
// Files that are gone with the process.
#pragma once

#include <string>

#include "base/result.hpp"
#include "record/files.hpp"

namespace wiretape::engine {

// TMPDIR, else /tmp.
std::string temporary_folder();

// An empty file there that has no name, to read and write; errors call it `name`. ErrorKind::write where there can be
// none.
Result<record::File> temporary_file(std::string name);

}  // namespace wiretape::engine
