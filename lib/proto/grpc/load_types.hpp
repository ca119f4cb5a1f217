// SPDX-License-Identifier: Apache-2.0
// Names of Protocol Buffers from files: .proto files, read by libprotobuf where the build has it, and descriptor sets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "proto/grpc/types.hpp"

namespace wiretape::grpc {

struct TypeSources {
  std::vector<std::string> proto_paths;      // folders: every .proto file below them; imports start there
  std::vector<std::string> descriptor_sets;  // files that protoc --descriptor_set_out wrote

  [[nodiscard]] bool empty() const { return proto_paths.empty() && descriptor_sets.empty(); }
};

// Null without sources. Where a type is in several of them, the first one counts, descriptor sets before .proto files.
// Errors: ErrorKind::input with the file and the place in it; ErrorKind::usage when this build cannot read .proto
// files.
Result<std::shared_ptr<const Types>> load_types(const TypeSources& sources);

}  // namespace wiretape::grpc
