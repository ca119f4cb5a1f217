// SPDX-License-Identifier: Apache-2.0
// Where the names of what gRPC messages hold come from, for commands that take traffic apart.
#pragma once

#include <CLI/CLI.hpp>

#include "proto/grpc/load_types.hpp"

namespace wiretape::cli {

// --proto-path and --descriptor-set. They point into `sources`, which must outlive `command`.
void add_grpc_types(CLI::App& command, grpc::TypeSources& sources);

// The same with paths that hold in any folder, for who reads them later.
grpc::TypeSources absolute(const grpc::TypeSources& sources);

}  // namespace wiretape::cli
