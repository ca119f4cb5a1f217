// SPDX-License-Identifier: Apache-2.0
// Kinds of options that several commands have.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace wiretape::cli {

// May be given several times, with one argument each time, so that `-r f.pcap 'http'` is a file and a statement.
CLI::Option* repeatable(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                        const std::string& about);

// Given once at most; `take` understands the value, and its error becomes the sentence about it.
CLI::Option* parsed(CLI::App& command, const std::string& names,
                    std::function<Result<void>(const std::string& value)> take, const std::string& about);

// 64M, 1Gi, 512k, 1000 bytes.
CLI::Option* size_option(CLI::App& command, const std::string& names, std::uint64_t& bytes, const std::string& about);

// A whole number above 0.
CLI::Option* count_option(CLI::App& command, const std::string& names, std::optional<std::uint64_t>& count,
                          const std::string& about);

// --workers: how many threads take traffic apart.
CLI::Option* workers_option(CLI::App& command, std::size_t& workers);

// --store, for who works on recordings.
CLI::Option* store_option(CLI::App& command, std::string& store);
// The store's path by --store and the environment.
Result<std::string> store_path(const std::string& option);

}  // namespace wiretape::cli
