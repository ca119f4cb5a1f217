// SPDX-License-Identifier: Apache-2.0
#include "proto/grpc/proto_files.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/api.pb.h>
#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/source_context.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

namespace wiretape::grpc {
namespace {

namespace pb = google::protobuf;
namespace fs = std::filesystem;

// Keeps the first thing that is wrong: the rest follows from it.
class FirstProblem final : public pb::compiler::MultiFileErrorCollector {
 public:
  // Lines and columns count from 0; -1 is the whole file.
  void AddError(const std::string& file, int line, int column, const std::string& message) override {
    // A file that is not there is an import: what imports it is said next.
    if (!text_.empty() || message == "File not found.") return;
    text_ = file;
    if (line >= 0) text_ += ':' + std::to_string(line + 1) + ':' + std::to_string(column + 1);
    text_ += ": " + message;
    if (text_.ends_with('.')) text_.pop_back();
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Error input_error(std::string message, std::string hint = {}) {
  return {.kind = ErrorKind::input, .message = std::move(message), .hint = std::move(hint)};
}

// Names as imports have them, from the folder on, in an order that does not depend on the disk.
Result<std::set<std::string>> proto_files_below(const std::string& folder) {
  std::set<std::string> names;
  std::error_code problem;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, problem);
  for (; !problem && at != fs::recursive_directory_iterator(); at.increment(problem)) {
    if (at->path().extension() == ".proto") names.insert(at->path().lexically_relative(folder).generic_string());
  }
  if (problem) return input_error("cannot read the folder '" + folder + "': " + problem.message());
  if (names.empty()) return input_error("there is no .proto file below '" + folder + "'");
  return names;
}

// Files that libprotobuf brings. Asked for by name, so that a static library links them.
const pb::DescriptorPool& own_files() {
  pb::Any::descriptor();
  pb::Api::descriptor();
  pb::Duration::descriptor();
  pb::Empty::descriptor();
  pb::FieldMask::descriptor();
  pb::SourceContext::descriptor();
  pb::Struct::descriptor();
  pb::Timestamp::descriptor();
  pb::Type::descriptor();
  pb::StringValue::descriptor();
  return *pb::DescriptorPool::generated_pool();
}

class Compiler {
 public:
  Compiler() : own_(own_files()), files_(&tree_, &own_), pool_(&files_, files_.GetValidationErrorCollector()) {
    files_.RecordErrorsTo(&problem_);
  }

  void add_folder(const std::string& folder) { tree_.MapPath("", folder); }

  // False: problem() says why.
  bool compile(const std::string& name) {
    const pb::FileDescriptor* file = pool_.FindFileByName(name);
    if (file != nullptr) take(*file);
    return file != nullptr;
  }

  [[nodiscard]] const std::string& problem() const { return problem_.text(); }
  [[nodiscard]] std::string set() const { return set_.SerializeAsString(); }

 private:
  void take(const pb::FileDescriptor& file) {
    if (!taken_.insert(file.name()).second) return;
    pb::FileDescriptorProto& copy = *set_.add_file();
    file.CopyTo(&copy);
    file.CopyJsonNameTo(&copy);
    for (int i = 0; i < file.dependency_count(); ++i) take(*file.dependency(i));
  }

  FirstProblem problem_;
  pb::compiler::DiskSourceTree tree_;
  pb::DescriptorPoolDatabase own_;
  pb::compiler::SourceTreeDescriptorDatabase files_;
  pb::DescriptorPool pool_;
  pb::FileDescriptorSet set_;
  std::set<std::string, std::less<>> taken_;
};

// What libprotobuf logs beside what it says to the collector.
void say_nothing(pb::LogLevel, const char*, int, const std::string&) {}

}  // namespace

Result<std::string> descriptor_set_of(const std::vector<std::string>& folders) {
  pb::SetLogHandler(&say_nothing);
  Compiler compiler;
  std::set<std::string> names;
  for (const std::string& folder : folders) {
    auto found = proto_files_below(folder);
    if (!found) return std::move(found).error();
    names.merge(*found);
    compiler.add_folder(folder);
  }
  for (const std::string& name : names) {
    if (compiler.compile(name)) continue;
    const bool import_missing = compiler.problem().find("not found") != std::string::npos;
    return input_error(
        "cannot read the .proto files: " + compiler.problem(),
        import_missing ? "--proto-path names the folder where imports start; it may be given again" : "");
  }
  return compiler.set();
}

}  // namespace wiretape::grpc
