// SPDX-License-Identifier: Apache-2.0
// Kinds of options that several commands have.
#include "option_types.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/quantity.hpp"
#include "engine/pipeline.hpp"
#include "record/store.hpp"

namespace wiretape::cli {
namespace {

// "-c,--count" is spoken of as "--count", "-c" as "-c".
std::string spoken(const std::string& names) {
  return names.substr(names.find_last_of(',') + 1);
}

}  // namespace

CLI::Option* repeatable(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                        const std::string& about) {
  return command.add_option(names, values, about)->allow_extra_args(false);
}

CLI::Option* parsed(CLI::App& command, const std::string& names,
                    std::function<Result<void>(const std::string& value)> take, const std::string& about) {
  return command.add_option(
      names,
      [take = std::move(take)](const CLI::results_t& values) {
        const Result<void> taken = take(values.front());
        // CLI11 carries one text; main.cpp takes the lines apart again.
        if (!taken) throw CLI::ValidationError(taken.error().message + '\n' + taken.error().hint);
        return true;
      },
      about);
}

CLI::Option* size_option(CLI::App& command, const std::string& names, std::uint64_t& bytes, const std::string& about) {
  const auto take = [&bytes, name = spoken(names)](const std::string& value) -> Result<void> {
    const auto size = parse_size(value, name);
    if (!size) return size.error();
    bytes = *size;
    return {};
  };
  return parsed(command, names, take, about)->type_name("SIZE");
}

CLI::Option* count_option(CLI::App& command, const std::string& names, std::optional<std::uint64_t>& count,
                          const std::string& about) {
  const auto take = [&count, name = spoken(names)](const std::string& value) -> Result<void> {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc() || end != value.data() + value.size() || number == 0) {
      return Error{.message = fmt::format("{}: '{}' is not a whole number above 0", name, value)};
    }
    count = number;
    return {};
  };
  return parsed(command, names, take, about)->type_name("N");
}

CLI::Option* workers_option(CLI::App& command, std::size_t& workers) {
  const auto take = [&workers](const std::string& value) -> Result<void> {
    std::size_t number = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc() || end != value.data() + value.size() || number > engine::most_workers) {
      return Error{.message =
                       fmt::format("--workers: '{}' is not a whole number from 0 to {}", value, engine::most_workers)};
    }
    workers = number;
    return {};
  };
  return parsed(command, "--workers", take, "Threads that take traffic apart (the processors but one)")->type_name("N");
}

CLI::Option* store_option(CLI::App& command, std::string& store) {
  return command.add_option("--store", store, "The folder of all recordings")
      ->type_name("DIR")
      ->envname("WIRETAPE_STORE");
}

Result<std::string> store_path(const std::string& option) {
  return record::default_store(record::process_environment(option));
}

}  // namespace wiretape::cli
