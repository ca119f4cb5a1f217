// SPDX-License-Identifier: Apache-2.0
// In builds without libprotobuf.
#include "proto/grpc/proto_files.hpp"

namespace wiretape::grpc {

Result<std::string> descriptor_set_of(const std::vector<std::string>&) {
  return Error{.kind = ErrorKind::usage,
               .message = "this wiretape was built without libprotobuf, which --proto-path needs",
               .hint = "protoc --include_imports --descriptor_set_out=FILE makes a file for --descriptor-set"};
}

}  // namespace wiretape::grpc
