// SPDX-License-Identifier: Apache-2.0
// How analyze shows calls.
#include "analyze_output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "option_types.hpp"

namespace wiretape::cli {
namespace {

constexpr auto formats = std::to_array<std::pair<std::string_view, Format>>({
    {"text", Format::text},
    {"json", Format::json},
    {"ndjson", Format::ndjson},
    {"fields", Format::fields},
    {"csv", Format::csv},
});

Format format_of(const AnalyzeOutputOptions& options) {
  return options.format.value_or(Format::text);
}

std::string_view name(Format format) {
  for (const auto& [word, value] : formats) {
    if (value == format) return word;
  }
  return "";
}

Result<void> take_format(const std::string& word, std::optional<Format>& format) {
  std::vector<std::string> words;
  for (const auto& [known, value] : formats) {
    if (known == word) {
      format = value;
      return {};
    }
    words.emplace_back(known);
  }
  return Error{.message = fmt::format("-T: there is no format '{}'", word),
               .hint = fmt::format("one of: {}", fmt::join(words, ", "))};
}

// "/t" and "/s" are the characters that are hard to type.
std::string separator_of(const std::string& value) {
  if (value == "/t") return "\t";
  if (value == "/s") return " ";
  return value;
}

Error bad_setting(std::string_view key, std::string_view allowed) {
  return {.message = fmt::format("-E: {} is one of {}", key, allowed)};
}

Result<void> set_quote(FieldsStyle& style, const std::string& value) {
  if (value == "d") {
    style.quote = Quote::always_double;
  } else if (value == "s") {
    style.quote = Quote::always_single;
  } else if (value == "n") {
    style.quote = Quote::none;
  } else {
    return bad_setting("quote", "d, s, n");
  }
  return {};
}

Result<void> set_occurrence(FieldsStyle& style, const std::string& value) {
  if (value == "f") {
    style.occurrence = Occurrence::first;
  } else if (value == "l") {
    style.occurrence = Occurrence::last;
  } else if (value == "a") {
    style.occurrence = Occurrence::all;
  } else {
    return bad_setting("occurrence", "f, l, a");
  }
  return {};
}

Result<void> set(FieldsStyle& style, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  const std::string key = setting.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : setting.substr(equals + 1);
  if (key == "quote") return set_quote(style, value);
  if (key == "occurrence") return set_occurrence(style, value);
  if (key == "header") {
    if (value != "y" && value != "n") return bad_setting("header", "y, n");
    style.header = value == "y";
  } else if (key == "separator") {
    style.separator = separator_of(value);
  } else if (key == "aggregator") {
    style.aggregator = separator_of(value);
  } else {
    return Error{.message = fmt::format("-E: there is no setting '{}'", key),
                 .hint = "one of: separator, header, quote, occurrence, aggregator"};
  }
  return {};
}

Result<FieldsStyle> fields_style(const AnalyzeOutputOptions& options, const StatementOptions& statement,
                                 Timestamp now) {
  FieldsStyle style;
  if (format_of(options) == Format::csv) {
    style.separator = ",";
    style.quote = Quote::where_needed;
    style.header = true;
    style.aggregator = ";";
  }
  for (const std::string& setting : options.field_settings) {
    if (const auto done = set(style, setting); !done) return done.error();
  }
  for (const std::string& field : options.fields) {
    const auto selector = compile_selector(statement, field, now);
    if (!selector) return selector.error();
    const auto first = compile_selector(statement, field + "[0]", now);
    if (!first) return first.error();
    style.names.push_back(field);
    style.selectors.push_back(*selector);
    style.firsts.push_back(*first);
  }
  return style;
}

}  // namespace

void add_output(CLI::App& command, AnalyzeOutputOptions& options) {
  parsed(
      command, "-T", [&options](const std::string& word) { return take_format(word, options.format); },
      "How calls are shown: text, json, ndjson, fields, csv")
      ->type_name("FORMAT");
  repeatable(command, "-e", options.fields, "A field to show with -T fields or csv; repeatable")->type_name("FIELD");
  repeatable(command, "-E", options.field_settings,
             "For -T fields and csv: separator= header= quote= occurrence= aggregator=; repeatable")
      ->type_name("KEY=VALUE");
  parsed(
      command, "-t",
      [&options](const std::string& letters) -> Result<void> {
        options.time = time_style(letters);
        if (options.time) return {};
        return Error{.message = fmt::format("-t: there is no format of time '{}'", letters),
                     .hint = fmt::format("one of: {}", time_letters)};
      },
      "Format of the time: " + std::string(time_letters) + ", as in tshark")
      ->type_name("LETTERS");
  parsed(
      command, "--color",
      [&options](const std::string& word) -> Result<void> {
        options.color = color_wish(word);
        if (options.color) return {};
        return Error{.message = fmt::format("--color: '{}' is not auto, always or never", word)};
      },
      "Colours: auto, always, never")
      ->type_name("WHEN");
  command.add_flag("-V", options.tree, "Show the whole call below its line");
  command.add_flag("-n", options.addresses, "Show addresses, not names");
  command.add_flag("-l", options.line_buffered, "Write each call at once");
}

bool says_anything(const AnalyzeOutputOptions& options) {
  return options.format || !options.fields.empty() || !options.field_settings.empty() || options.time ||
         options.color || options.tree || options.addresses || options.line_buffered;
}

Result<void> check(const AnalyzeOutputOptions& options) {
  const Format format = format_of(options);
  const bool text = format == Format::text;
  const bool fields = format == Format::fields || format == Format::csv;
  const auto no_effect = [format](std::string_view option, std::string_view hint) {
    return Error{.message = fmt::format("{} has no effect with -T {}", option, name(format)),
                 .hint = std::string(hint)};
  };
  if (!fields && !options.fields.empty()) return no_effect("-e", "it belongs to -T fields and -T csv");
  if (!fields && !options.field_settings.empty()) return no_effect("-E", "it belongs to -T fields and -T csv");
  if (!text && options.tree) return no_effect("-V", "");
  if (!text && options.addresses) return no_effect("-n", "");
  if (!text && options.time) return no_effect("-t", "");
  if (!text && options.color) return no_effect("--color", "");
  if (fields && options.fields.empty()) {
    return Error{.message = fmt::format("-T {} shows nothing without -e FIELD", name(format)),
                 .hint = "fields are named as in a statement: -e src.ip -e request.path"};
  }
  return {};
}

Result<std::unique_ptr<Printer>> make_printer(Output& out, const AnalyzeOutputOptions& options,
                                              const StatementOptions& statement, Timestamp now) {
  const TextStyle style = {.time = options.time.value_or(TimeStyle::utc),
                           .names = options.addresses ? Names::left_out : Names::shown,
                           .paint = paint(options.color.value_or(ColorWish::automatic), STDOUT_FILENO)};
  switch (format_of(options)) {
    case Format::text: return options.tree ? tree_printer(out, style) : text_printer(out, style);
    case Format::json: return json_printer(out);
    case Format::ndjson: return ndjson_printer(out);
    case Format::fields:
    case Format::csv: break;
  }
  auto fields = fields_style(options, statement, now);
  if (!fields) return fields.error();
  return fields_printer(out, *std::move(fields));
}

bool shows_bodies(const AnalyzeOutputOptions& options) {
  return format_of(options) != Format::text || options.tree;
}

}  // namespace wiretape::cli
