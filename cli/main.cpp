// SPDX-License-Identifier: Apache-2.0
// The program: understands the command line, runs the command that it names, and turns an Error into an exit status.
#include <fmt/format.h>

#include <csignal>

#include "commands.hpp"
#include "config.hpp"
#include "help.hpp"
#include "output/output.hpp"
#include "report.hpp"

namespace wiretape::cli {
namespace {

constexpr auto version_text =
    "wiretape " WIRETAPE_VERSION "\nLicensed under the Apache License, version 2.0; there is no warranty.\n";

// The command that the line names, the innermost one.
const CLI::App& named_command(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  return commands.empty() ? app : named_command(*commands.front());
}

// "wiretape record create"
std::string path_of(const CLI::App& command) {
  const CLI::App* const parent = command.get_parent();
  return parent == nullptr ? command.get_name() : path_of(*parent) + ' ' + command.get_name();
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

// "--colour" and "-y" as they are typed, of this command.
std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

Error unknown_option(const CLI::App& command, const std::string& option) {
  const std::string name = option.substr(0, option.find('='));
  const std::string suggestion = did_you_mean(name, option_names(command));
  return {.message = fmt::format("unknown option '{}'", name),
          .hint = suggestion.empty() ? fmt::format("see {} --help", path_of(command)) : suggestion};
}

// What is left over of the line when all that is known has been taken.
Error unexpected(const CLI::App& command, const std::string& argument) {
  if (argument.size() > 1 && argument[0] == '-') return unknown_option(command, argument);
  if (const auto names = command_names(command); !names.empty()) {
    const std::string suggestion = did_you_mean(argument, names);
    return {.message = fmt::format("unknown command '{}'", argument),
            .hint = suggestion.empty() ? fmt::format("one of: {}", fmt::join(names, ", ")) : suggestion};
  }
  return {.message = fmt::format("unexpected argument '{}'", argument),
          .hint = "a statement of several words stands in single quotes"};
}

// CLI11's own words for a wrong line, as a sentence of ours.
Error sentence(const CLI::ParseError& error) {
  const std::string text = error.what();
  const std::string option = text.substr(0, text.find(':'));
  if (text.find(": At Most 1 required") != std::string::npos) return {.message = option + " can be given only once"};
  if (error.get_name() == "ArgumentMismatch") return {.message = option + " needs a value"};
  const std::size_t end = text.find('\n');
  return {.message = text.substr(0, end), .hint = end == std::string::npos ? "" : text.substr(end + 1)};
}

// What nothing has taken. The "--" before a statement is left over too, and is no mistake.
std::vector<std::string> left_over(const CLI::App& app) {
  std::vector<std::string> rest = app.remaining(true);
  std::erase(rest, "--");
  return rest;
}

ExitStatus usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = named_command(app);
  const auto rest = left_over(app);
  return failed(rest.empty() ? sentence(error) : unexpected(command, rest.front()));
}

ExitStatus shown(const std::string& text) {
  const auto printed = print(text);
  return printed ? ExitStatus::done : failed(printed.error());
}

ExitStatus run(const CLI::App& app, const Command& chosen, const std::optional<std::string>& config) {
  if (const auto rest = left_over(app); !rest.empty()) {
    return failed(unexpected(named_command(app), rest.front()));
  }
  if (!chosen) {
    const CLI::App& command = named_command(app);
    return failed(
        {.message = "a command is needed", .hint = fmt::format("one of: {}", fmt::join(command_names(command), ", "))});
  }
  if (const auto applied = apply_config(app, config); !applied) return failed(applied.error());
  const Result<ExitStatus> status = chosen();
  return status ? *status : failed(status.error());
}

ExitStatus wiretape_main(int argc, char** argv) {
  // A reader that went away is seen as EPIPE where we write, and is a normal end there.
  std::signal(SIGPIPE, SIG_IGN);
  // A file that may not grow is an error of writing, like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);

  CLI::App app{"Records the traffic of API calls that a statement describes, and reads recordings.", "wiretape"};
  set_help(app);
  app.set_version_flag("--version", version_text, "Show the version");
  // At most one: what follows a command's name is its own, even when it is spelled like a command.
  app.require_subcommand(0, 1);
  app.allow_extras();

  Command chosen;
  add_record(app, chosen);
  add_analyze(app, chosen);
  add_interfaces(app, chosen);
  add_kfl(app, chosen);
  std::optional<std::string> config;
  add_config(app, config);
  // Only now, so that the commands do not inherit it.
  app.set_help_all_flag("--help-all", "Show the help of all commands");

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForAllHelp&) {
    return shown(help_of_all(app));
  } catch (const CLI::CallForVersion&) {
    return shown(version_text);
  } catch (const CLI::CallForHelp&) {
    return shown(app.help());
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  }
  return run(app, chosen, config);
}

}  // namespace
}  // namespace wiretape::cli

int main(int argc, char** argv) {
  return static_cast<int>(wiretape::cli::wiretape_main(argc, argv));
}
