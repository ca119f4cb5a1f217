// SPDX-License-Identifier: Apache-2.0
#include "grpc_options.hpp"

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "option_types.hpp"

namespace wiretape::cli {
namespace {

std::vector<std::string> absolute(std::vector<std::string> paths) {
  for (std::string& path : paths) {
    std::error_code problem;  // no working folder: then it stays as it was given, and is not found
    const auto full = std::filesystem::absolute(path, problem);
    if (!problem) path = full.lexically_normal().string();
  }
  return paths;
}

}  // namespace

void add_grpc_types(CLI::App& command, grpc::TypeSources& sources) {
  repeatable(command, "--proto-path", sources.proto_paths,
             "Name what gRPC messages hold after the .proto files below this folder; repeatable")
      ->type_name("DIR");
  repeatable(command, "--descriptor-set", sources.descriptor_sets,
             "Name it after this descriptor set, a file that protoc writes; repeatable")
      ->type_name("FILE");
}

grpc::TypeSources absolute(const grpc::TypeSources& sources) {
  return {.proto_paths = absolute(sources.proto_paths), .descriptor_sets = absolute(sources.descriptor_sets)};
}

}  // namespace wiretape::cli
