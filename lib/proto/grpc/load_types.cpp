// SPDX-License-Identifier: Apache-2.0
#include "proto/grpc/load_types.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "proto/grpc/proto_files.hpp"

namespace wiretape::grpc {
namespace {

constexpr std::size_t largest_set = 256U << 20U;

Error input_error(std::string message, std::string hint = {}) {
  return {.kind = ErrorKind::input, .message = std::move(message), .hint = std::move(hint)};
}

Result<std::string> read(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string bytes;
  std::string piece(64U << 10U, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() != 0) {
    bytes.append(piece, 0, static_cast<std::size_t>(in.gcount()));
    if (bytes.size() > largest_set) return input_error("'" + path + "' is over 256 MiB long: it is no descriptor set");
  }
  if (bytes.empty() && errno != 0) return input_error("cannot read '" + path + "': " + std::strerror(errno));
  return bytes;
}

Result<void> add_set(Types& types, const std::string& path) {
  const auto bytes = read(path);
  if (!bytes) return bytes.error();
  if (!bytes->empty() && types.add(*bytes)) return {};
  return input_error("'" + path + "' is no descriptor set",
                     "protoc --include_imports --descriptor_set_out=FILE writes one");
}

}  // namespace

Result<std::shared_ptr<const Types>> load_types(const TypeSources& sources) {
  if (sources.empty()) return std::shared_ptr<const Types>();
  const auto types = std::make_shared<Types>();
  for (const std::string& path : sources.descriptor_sets) {
    if (auto added = add_set(*types, path); !added) return std::move(added).error();
  }
  if (!sources.proto_paths.empty()) {
    const auto set = descriptor_set_of(sources.proto_paths);
    if (!set) return set.error();
    types->add(*set);
  }
  types->settle();
  return std::shared_ptr<const Types>(types);
}

}  // namespace wiretape::grpc
