// SPDX-License-Identifier: Apache-2.0
// The configuration file. Options get its values as if they had stood on the line, after the line was understood.
#include "config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "base/toml.hpp"
#include "kfl/check.hpp"
#include "kfl/statement.hpp"
#include "proto/protocol.hpp"
#include "report.hpp"

namespace wiretape::cli {
namespace {

constexpr std::size_t longest_file = 1U << 20U;
constexpr std::string_view own_words_table = "macros";

struct ConfigFile {
  std::string name;
  std::vector<TomlItem> items;
};

std::string environment(const char* variable) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

std::vector<std::string> usual_places() {
  std::vector<std::string> places;
  // XDG Base Directory Specification: a relative path is to be ignored.
  if (const std::string folder = environment("XDG_CONFIG_HOME"); folder.starts_with('/')) {
    places.push_back(folder + "/wiretape.toml");
  } else if (const std::string home = environment("HOME"); !home.empty()) {
    places.push_back(home + "/.config/wiretape.toml");
  }
  places.emplace_back("/etc/wiretape.toml");
  return places;
}

// A file that somebody named is taken even when it is not there, so that it is missed.
std::optional<std::string> file_to_read(const std::optional<std::string>& option) {
  if (option) return option;
  if (std::string named = environment("WIRETAPE_CONFIG"); !named.empty()) return named;
  const auto places = usual_places();
  const auto is_there = [](const std::string& place) { return ::access(place.c_str(), F_OK) == 0; };
  const auto found = std::find_if(places.begin(), places.end(), is_there);
  return found == places.end() ? std::nullopt : std::optional(*found);
}

Result<std::string> read(const std::string& name) {
  errno = 0;
  std::ifstream in(name, std::ios::binary);
  std::string text(longest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.gcount() == 0 && errno != 0)) {
    return Error{.message = fmt::format("cannot read the configuration file '{}': {}", name, std::strerror(errno))};
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > longest_file) {
    return Error{.message = fmt::format("'{}' is no configuration file: it is over 1 MiB long", name)};
  }
  return text;
}

Error wrong(const ConfigFile& file, const TomlItem& item, std::string_view message, std::string hint = "") {
  return {.message = fmt::format("{}:{}: {}", file.name, item.line, message), .hint = std::move(hint)};
}

// Those that a file can speak of: not --help, --config and the like.
CLI::Option* option_of(CLI::App& command, const std::string& key) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_configurable() && option->check_lname(key)) return option;
  }
  return nullptr;
}

// What stands in a table holds for the command and for those below it.
void collect_keys(const CLI::App& command, std::vector<std::string>& keys) {
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_configurable()) continue;
    keys.insert(keys.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  for (const CLI::App* below : command.get_subcommands(nullptr)) collect_keys(*below, keys);
}

Result<void> check_key(const ConfigFile& file, const TomlItem& item, const CLI::App& app) {
  const CLI::App* command = &app;
  for (std::size_t i = 0; i + 1 < item.path.size(); ++i) {
    const auto commands = command->get_subcommands(nullptr);
    const auto found = std::find_if(commands.begin(), commands.end(),
                                    [&](const CLI::App* below) { return below->get_name() == item.path[i]; });
    if (found == commands.end()) {
      std::vector<std::string> names;
      names.reserve(commands.size() + 1);
      for (const CLI::App* below : commands) names.push_back(below->get_name());
      if (i == 0) names.emplace_back(own_words_table);
      return wrong(file, item, fmt::format("there is no command '{}'", item.path[i]),
                   did_you_mean(item.path[i], names));
    }
    command = *found;
  }
  std::vector<std::string> keys;
  collect_keys(*command, keys);
  const std::string& key = item.path.back();
  if (std::find(keys.begin(), keys.end(), key) != keys.end()) return {};
  const auto table = std::span(item.path).first(item.path.size() - 1);
  const std::string who =
      table.empty() ? "no command has an option" : fmt::format("{} has no option", fmt::join(table, " "));
  return wrong(file, item, fmt::format("{} '{}'", who, key),
               key.size() == 1 ? "options stand here by their long names" : did_you_mean(key, keys));
}

bool is_own_word(const TomlItem& item) {
  return item.path.front() == own_words_table;
}

Result<void> check_own_word(const ConfigFile& file, const TomlItem& item) {
  if (item.path.size() != 2 || item.kind != TomlItem::Kind::text) {
    return wrong(file, item, "an own word is NAME = 'STATEMENT'");
  }
  const kfl::Macro word{.name = item.path.back(), .statement = item.values.front()};
  const auto checked = kfl::check(kfl::Expr{}, {.macros = std::span(&word, 1), .now = now()});
  if (const auto* problem = std::get_if<kfl::Problem>(&checked)) return wrong(file, item, problem->message);
  return {};
}

Result<void> check_statement(const ConfigFile& file, const TomlItem& item, std::span<const kfl::Macro> words) {
  auto compiled = kfl::compile(item.path.back(), {.catalog = &catalog(), .macros = words, .now = now()});
  if (compiled) return {};
  Error error = std::move(compiled).error();
  error.message = fmt::format("{}:{}: {}", file.name, item.line, error.message);
  return error;
}

// Own words may use each other, so that each is checked by itself, to be told with its own line, and then with all.
Result<void> check_statements(const ConfigFile& file) {
  std::vector<const TomlItem*> items;
  std::vector<kfl::Macro> words;
  for (const TomlItem& item : file.items) {
    if (!is_own_word(item)) continue;
    items.push_back(&item);
    words.push_back({.name = item.path.back(), .statement = item.values.front()});
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto checked = check_statement(file, *items[i], std::span(&words[i], 1));
    if (!checked) return checked.error();
  }
  for (const TomlItem* item : items) {
    if (const auto checked = check_statement(file, *item, words); !checked) return checked.error();
  }
  return {};
}

Result<ConfigFile> checked_file(const CLI::App& app, std::string name) {
  const auto text = read(name);
  if (!text) return text.error();
  auto items = parse_toml(*text, name);
  if (!items) return std::move(items).error();
  ConfigFile file{.name = std::move(name), .items = *std::move(items)};
  for (const TomlItem& item : file.items) {
    const auto checked = is_own_word(item) ? check_own_word(file, item) : check_key(file, item, app);
    if (!checked) return checked.error();
  }
  if (const auto checked = check_statements(file); !checked) return checked.error();
  return file;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_given(const CLI::App& command, const std::string& name) {
  const CLI::Option* option = command.get_option_no_throw(name);
  return option != nullptr && option->count() > 0;
}

// What on one line would be a contradiction is none here: the file says what is usual, the line what is wanted now.
bool gives_way(const CLI::App& command, std::string_view key) {
  constexpr auto statement = std::to_array<std::string_view>({"kfl", "kfl-file"});
  constexpr auto live = std::to_array<std::string_view>({"interface", "snapshot-length", "buffer-size",
                                                         "no-promiscuous-mode", "direction", "linktype",
                                                         "time-stamp-type", "duration", "relinquish-privileges",
                                                         "start", "iterations", "ring", "on-segment",
                                                         "on-end", "detach", "resume"});
  if (is_one_of(statement, key)) {
    return is_given(command, "KFL") || is_given(command, "--kfl") || is_given(command, "--kfl-file");
  }
  if (is_one_of(live, key)) {
    const bool asks_interface = command.get_name() != "analyze" || key == "interface" || is_given(command, "-i");
    return is_given(command, "-r") || !asks_interface;
  }
  if (key == "follow") return is_given(command, "-w") || is_given(command, "--redissect");
  if (key == "color") return is_given(command, "-w") || is_given(command, "-T");
  return false;
}

Result<void> give(const ConfigFile& file, const TomlItem& item, CLI::Option& option) {
  const std::string& key = item.path.back();
  const bool flag = option.get_items_expected_max() == 0;
  if (flag && item.kind != TomlItem::Kind::boolean) return wrong(file, item, fmt::format("{} is true or false", key));
  if (!flag && item.kind == TomlItem::Kind::boolean) return wrong(file, item, fmt::format("{} needs a value", key));
  if (item.kind == TomlItem::Kind::array && option.get_items_expected_max() == 1) {
    return wrong(file, item, fmt::format("{} is one value, not several", key));
  }
  if (flag && item.values.front() == "false") return {};
  if (item.values.empty()) return {};
  for (const std::string& value : item.values) option.add_result(value);
  try {
    option.run_callback();
  } catch (const CLI::ParseError& error) {
    const std::string text = error.what();
    const std::size_t end = text.find('\n');
    return wrong(file, item, text.substr(0, end), end == std::string::npos ? "" : text.substr(end + 1));
  }
  return {};
}

// Where several tables hold for the command, the nearest one counts.
struct NamedCommand {
  CLI::App* command = nullptr;
  std::vector<std::string> path;  // record, create
};

NamedCommand named_command(const CLI::App& app) {
  NamedCommand named;
  for (auto below = app.get_subcommands(); !below.empty(); below = named.command->get_subcommands()) {
    named.command = below.front();
    named.path.push_back(named.command->get_name());
  }
  return named;
}

bool holds_for(const TomlItem& item, const std::vector<std::string>& command, std::size_t depth) {
  return item.path.size() == depth + 1 && std::equal(item.path.begin(), item.path.end() - 1, command.begin());
}

Result<void> give_options(const ConfigFile& file, const NamedCommand& named) {
  // Whether an interface is named decides about other options.
  std::vector<const TomlItem*> items;
  for (const TomlItem& item : file.items) items.push_back(&item);
  std::stable_partition(items.begin(), items.end(),
                        [](const TomlItem* item) { return item->path.back() == "interface"; });
  for (std::size_t depth = named.path.size() + 1; depth-- > 0;) {
    for (const TomlItem* item : items) {
      if (!holds_for(*item, named.path, depth)) continue;
      CLI::Option* const option = option_of(*named.command, item->path.back());
      if (option == nullptr || option->count() > 0 || gives_way(*named.command, item->path.back())) continue;
      if (const auto given = give(file, *item, *option); !given) return given.error();
    }
  }
  return {};
}

void give_own_words(const ConfigFile& file, CLI::App& command) {
  CLI::Option* const option = option_of(command, "macro");
  if (option == nullptr) return;
  const std::vector<std::string> line = option->results();
  for (const TomlItem& item : file.items) {
    if (!is_own_word(item)) continue;
    const std::string begin = item.path.back() + '=';
    const auto same = [&begin](const std::string& macro) { return macro.starts_with(begin); };
    if (std::none_of(line.begin(), line.end(), same)) option->add_result(begin + item.values.front());
  }
  if (option->count() > line.size()) option->run_callback();
}

}  // namespace

void add_config(CLI::App& app, std::optional<std::string>& file) {
  app.add_option("--config", file, "The configuration file")->type_name("FILE")->configurable(false);
  for (CLI::App* command : app.get_subcommands(nullptr)) add_config(*command, file);
}

Result<void> apply_config(const CLI::App& app, const std::optional<std::string>& file) {
  const NamedCommand named = named_command(app);
  auto name = file_to_read(file);
  if (named.command == nullptr || !name) return {};
  const auto checked = checked_file(app, *std::move(name));
  if (!checked) return checked.error();
  if (const auto given = give_options(*checked, named); !given) return given.error();
  give_own_words(*checked, *named.command);
  return {};
}

}  // namespace wiretape::cli
