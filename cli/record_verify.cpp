// SPDX-License-Identifier: Apache-2.0
// wiretape record verify: checks the files of recordings against their manifests.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/quantity.hpp"
#include "commands.hpp"
#include "json/writer.hpp"
#include "losses.hpp"
#include "option_types.hpp"
#include "output/output.hpp"
#include "output/safe_text.hpp"
#include "record/store.hpp"
#include "record/verify.hpp"
#include "recording_text.hpp"
#include "report.hpp"

namespace wiretape::cli {
namespace {

struct RecordVerifyOptions {
  std::vector<std::string> names;
  std::string store;
  std::optional<LossLimit> max_loss;
  bool verbose = false;
  bool json = false;
};

struct Checked {
  std::string name;
  record::Verification verification;
};

bool is_as_it_should_be(record::Verdict verdict) {
  return verdict == record::Verdict::good || verdict == record::Verdict::let_go;
}

std::uint64_t files_there(const record::Verification& verification) {
  const auto& all = verification.findings;
  return static_cast<std::uint64_t>(std::count_if(all.begin(), all.end(), [](const record::Finding& finding) {
    return finding.verdict != record::Verdict::let_go;
  }));
}

std::string let_go_of(const record::LetGo& let_go) {
  if (let_go.segments == 0) return "";
  return fmt::format("; a ring let go of {} before: {}, {}, {}", counted(let_go.segments, "segment", "segments"),
                     counted(let_go.packets, "packet", "packets"), counted(let_go.calls, "call", "calls"),
                     size_text(let_go.bytes));
}

// Every file with -v, otherwise those that are not as they should be, and a closing line.
std::string as_text(const Checked& checked, const RecordVerifyOptions& options) {
  std::string text;
  for (const record::Finding& finding : checked.verification.findings) {
    if (is_as_it_should_be(finding.verdict) && !options.verbose) continue;
    fmt::format_to(std::back_inserter(text), "{:<9} ", record::name(finding.verdict));
    append_safe(text, checked.name + '/' + finding.path);
    if (!finding.sentence.empty()) {
      text += ": ";
      append_safe(text, finding.sentence);
    }
    text += '\n';
  }
  fmt::format_to(std::back_inserter(text), "{}: {}, {} read, {}{}\n", checked.name,
                 counted(files_there(checked.verification), "file", "files"), size_text(checked.verification.bytes),
                 checked.verification.intact() ? "intact" : "damaged", let_go_of(checked.verification.let_go));
  return text;
}

std::string as_json(const std::vector<Checked>& all) {
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (const Checked& checked : all) {
    writer.begin_object();
    writer.text("name", checked.name);
    writer.boolean("intact", checked.verification.intact());
    writer.integer("bytes", static_cast<std::int64_t>(checked.verification.bytes));
    writer.integer("letGoSegments", static_cast<std::int64_t>(checked.verification.let_go.segments));
    writer.integer("letGoPackets", static_cast<std::int64_t>(checked.verification.let_go.packets));
    writer.integer("letGoBytes", static_cast<std::int64_t>(checked.verification.let_go.bytes));
    writer.integer("letGoCalls", static_cast<std::int64_t>(checked.verification.let_go.calls));
    writer.key("files");
    writer.begin_array();
    for (const record::Finding& finding : checked.verification.findings) {
      writer.begin_object();
      writer.text("path", finding.path);
      writer.text("verdict", record::name(finding.verdict));
      writer.text("sentence", finding.sentence);
      writer.end_object();
    }
    writer.end_array();
    writer.end_object();
  }
  writer.end_array();
  return text + '\n';
}

// A recording whose description is damaged is checked all the same; one that is not there is an error.
Result<record::Verification> check(const record::Store& store, const std::string& name) {
  if (const auto valid = record::check_name(name); !valid) return valid.error();
  const auto found = store.load(name);
  if (!found && found.error().kind == ErrorKind::name) return found.error();
  return record::verify(found ? found->path : store.path() + '/' + name);
}

Result<ExitStatus> run_record_verify(const RecordVerifyOptions& options) {
  const auto path = store_path(options.store);
  if (!path) return path.error();
  const record::Store store(*path);
  std::vector<Checked> all;
  ExitStatus status = ExitStatus::done;
  for (const std::string& name : options.names) {
    auto verification = check(store, name);
    if (!verification) {
      const ExitStatus worst = failed(verification.error());
      if (status == ExitStatus::done) status = worst;
      continue;
    }
    if (!verification->intact()) {
      status = ExitStatus::incomplete;
    } else if (options.max_loss) {
      if (const auto within = check(store, name, *options.max_loss); !within) status = failed(within.error());
    }
    all.push_back({.name = name, .verification = *std::move(verification)});
  }

  std::string text;
  if (options.json) {
    text = as_json(all);
  } else {
    for (const Checked& checked : all) text += as_text(checked, options);
  }
  if (const auto printed = print(text); !printed) return printed.error();
  return status;
}

}  // namespace

void add_record_verify(CLI::App& parent, Command& chosen) {
  const auto options = std::make_shared<RecordVerifyOptions>();
  CLI::App& command = *parent.add_subcommand("verify", "Check every file of recordings against its manifest");
  command.add_option("NAME", options->names, "The recordings")->required()->type_name("");
  command.add_flag("-v", options->verbose, "Show the files that are good, too");
  command.add_flag("--json", options->json, "As one JSON array");
  max_loss_option(command, options->max_loss);
  store_option(command, options->store);
  command.callback([options, &chosen] { chosen = [options] { return run_record_verify(*options); }; });
}

}  // namespace wiretape::cli
