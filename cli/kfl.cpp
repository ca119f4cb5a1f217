// SPDX-License-Identifier: Apache-2.0
// wiretape kfl: the language itself.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "commands.hpp"
#include "kfl/explain.hpp"
#include "kfl/fields.hpp"
#include "kfl/suggest.hpp"
#include "output/output.hpp"
#include "proto/protocol.hpp"
#include "report.hpp"
#include "statement_options.hpp"

namespace wiretape::cli {
namespace {

struct FieldsOptions {
  std::string protocol;
  bool json = false;
  bool mdoc = false;
};

Result<kfl::Statement> compiled(const StatementOptions& options) {
  const auto text = statement_text(options);
  if (!text) return text.error();
  return compile_statement(options, *text, now());
}

Result<ExitStatus> run_check(const StatementOptions& options) {
  const auto statement = compiled(options);
  if (!statement) return statement.error();
  for (const kfl::Warning& warning : statement->warnings()) report(warning);
  return ExitStatus::done;
}

Result<ExitStatus> printed(const std::string& text) {
  const auto result = print(text);
  if (!result) return result.error();
  return ExitStatus::done;
}

Result<ExitStatus> run_explain(const StatementOptions& options) {
  const auto text = statement_text(options);
  if (!text) return text.error();
  const auto words = own_words(options);
  if (!words) return words.error();
  const auto explained = kfl::explain(*text, {.catalog = &catalog(), .macros = *words, .now = now()});
  if (!explained) return explained.error();
  return printed(*explained);
}

Result<void> check_protocol(const std::string& protocol) {
  std::vector<std::string_view> names;
  for (const Schema* schema : catalog().schemas) names.push_back(schema->name);
  if (protocol.empty() || std::find(names.begin(), names.end(), protocol) != names.end()) return {};
  const std::string_view near = kfl::nearest(protocol, names);
  return Error{.message = fmt::format("unknown protocol '{}'", protocol),
               .hint = near.empty() ? fmt::format("one of: {}", fmt::join(names, ", "))
                                    : fmt::format("did you mean '{}'?", near)};
}

Result<ExitStatus> run_fields(const FieldsOptions& options) {
  const auto known = check_protocol(options.protocol);
  if (!known) return known.error();
  if (options.json && options.mdoc) return Error{.message = "--json and --mdoc exclude each other"};
  if (options.mdoc && !options.protocol.empty()) return Error{.message = "--mdoc is for all protocols"};
  if (options.mdoc) return printed(kfl::fields_mdoc(catalog()));
  return printed(options.json ? kfl::fields_json(catalog(), options.protocol)
                              : kfl::fields_text(catalog(), options.protocol));
}

// Lines of a descriptor, read in large blocks and shown where they lie in them.
class Lines {
 public:
  explicit Lines(int descriptor) : descriptor_(descriptor), block_(block_size) {}

  // False at the end, or where reading failed. The view is valid until the next call.
  bool next(std::string_view& line) {
    for (;;) {
      const auto* found = static_cast<const char*>(std::memchr(block_.data() + searched_, '\n', end_ - searched_));
      if (found != nullptr) {
        const auto at = static_cast<std::size_t>(found - block_.data());
        line = {block_.data() + begin_, at - begin_};
        begin_ = searched_ = at + 1;
        return true;
      }
      searched_ = end_;
      if (fill()) continue;
      line = {block_.data() + begin_, end_ - begin_};  // the last line may lack its newline
      begin_ = end_;
      return !line.empty() && error_ == 0;
    }
  }
  [[nodiscard]] int error() const { return error_; }

 private:
  static constexpr std::size_t block_size = 1U << 20U;

  // What is left of the block moves to its front; a line as long as the block makes the block larger.
  bool fill() {
    std::memmove(block_.data(), block_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    searched_ -= begin_;
    begin_ = 0;
    if (end_ == block_.size()) block_.resize(block_.size() * 2);
    ssize_t count = 0;
    do {
      count = ::read(descriptor_, block_.data() + end_, block_.size() - end_);
    } while (count < 0 && errno == EINTR);
    if (count < 0) error_ = errno;
    if (count <= 0) return false;
    end_ += static_cast<std::size_t>(count);
    return true;
  }

  int descriptor_;
  std::vector<char> block_;
  std::size_t begin_ = 0;     // of the line that comes next
  std::size_t searched_ = 0;  // no newline stands before
  std::size_t end_ = 0;
  int error_ = 0;
};

// Prints the documents of standard input that match, one a line.
class Matcher {
 public:
  explicit Matcher(const kfl::Statement& statement)
      : statement_(statement), output_(STDOUT_FILENO, default_flush(STDOUT_FILENO)) {}

  Result<ExitStatus> run() {
    Lines lines(STDIN_FILENO);
    std::string_view line;
    while (wanted() && lines.next(line)) {
      ++number_;
      if (!take(line)) break;
    }
    const auto finished = output_.finish();
    if (!finished) return finished.error();
    if (lines.error() != 0) {
      return Error{.kind = ErrorKind::read,
                   .message = fmt::format("cannot read standard input: {}", std::strerror(lines.error()))};
    }
    if (bad_ == 0) return ExitStatus::done;
    notice(fmt::format("{} of {} lines {} not JSON", bad_, number_, bad_ == 1 ? "is" : "are"));
    return ExitStatus::usage;
  }

 private:
  [[nodiscard]] bool wanted() const { return !statement_.limit() || matched_ < *statement_.limit(); }

  // False when nobody reads any more.
  bool take(std::string_view line) {
    const auto matches = statement_.matches(line, "", scratch_);
    if (!matches) {
      ++bad_;
      notice(fmt::format("line {}: not a JSON document", number_));
      return true;
    }
    if (!*matches) return true;
    ++matched_;
    if (statement_.redacts()) {
      output_.text() += statement_.redacted(line, scratch_);
    } else {
      output_.text() += line;
    }
    output_.text() += '\n';
    return output_.end_record();
  }

  const kfl::Statement& statement_;
  kfl::Scratch scratch_;
  Output output_;
  std::uint64_t number_ = 0;
  std::uint64_t matched_ = 0;
  std::uint64_t bad_ = 0;
};

Result<ExitStatus> run_match(const StatementOptions& options) {
  const auto statement = compiled(options);
  if (!statement) return statement.error();
  return Matcher(*statement).run();
}

void add_with_statement(CLI::App& parent, Command& chosen, const std::string& name, const std::string& about,
                        Result<ExitStatus> (*run)(const StatementOptions&)) {
  const auto options = std::make_shared<StatementOptions>();
  CLI::App& command = *parent.add_subcommand(name, about);
  add_statement(command, *options);
  command.callback([options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
}

void add_fields(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<FieldsOptions>();
  CLI::App& command = *parent.add_subcommand("fields", "List what a statement can ask of a call");
  command.add_option("PROTOCOL", options->protocol, "Only the fields of this protocol")->type_name("");
  command.add_flag("--json", options->json, "As one JSON array");
  command.add_flag("--mdoc", options->mdoc, "As the source of wiretape-fields(7)");
  command.callback([options, &chosen] { chosen = [options] { return run_fields(*options); }; });
}

}  // namespace

void add_kfl(CLI::App& parent, Command& chosen) {
  CLI::App& command = *parent.add_subcommand("kfl", "Check, explain and try statements");
  command.require_subcommand(0, 1);
  add_with_statement(command, chosen, "check", "Say what is wrong with a statement, or nothing", run_check);
  add_with_statement(command, chosen, "explain", "Show how a statement is read and what is decided early", run_explain);
  add_fields(command, chosen);
  add_with_statement(command, chosen, "match", "Print the JSON documents of standard input that match", run_match);
}

}  // namespace wiretape::cli
