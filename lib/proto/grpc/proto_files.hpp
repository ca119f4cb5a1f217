// SPDX-License-Identifier: Apache-2.0
// .proto files compiled to a descriptor set: the only place where libprotobuf is linked.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace wiretape::grpc {

// A serialized FileDescriptorSet of every .proto file below the folders, and of what they import: from the folders,
// and google/protobuf/ from libprotobuf itself. Errors: ErrorKind::input with the file, line and column of the first
// thing that is wrong; ErrorKind::usage when this build has no libprotobuf.
Result<std::string> descriptor_set_of(const std::vector<std::string>& folders);

}  // namespace wiretape::grpc
