// SPDX-License-Identifier: Apache-2.0
// How a protocol describes its fields, once: the language, the JSON text, `kfl fields` and the man page all read this.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "entry/entry.hpp"
#include "json/sink.hpp"

namespace wiretape {

// Getters. No value (nullopt, missing) means that the key is not there at all: the fields documented "only when".
// A key that is always there has a value: "" for a text that is unknown, 0 for a number. Views live as long as the
// entry.
enum class Presence : std::uint8_t { missing, null, present };
using Flag = std::optional<bool> (*)(const Entry&);
using Number = std::optional<std::int64_t> (*)(const Entry&);
using Real = std::optional<double> (*)(const Entry&);
using Text = std::optional<std::string_view> (*)(const Entry&);
using Shape = Presence (*)(const Entry&);          // an object; its members are further fields, with longer paths
using Tell = bool (*)(const Entry&, json::Sink&);  // any other value: tells it whole, or nothing and returns false
// A map from names to texts with access by key: headers, cookies. Tell tells the whole object.
struct Lookup {
  std::optional<std::string_view> (*get)(const Entry&, std::string_view key);
  Tell tell;
};
using Getter = std::variant<Flag, Number, Real, Text, Shape, Tell, Lookup>;

// What a field costs before it can be read; the rest of the program skips the work no statement or output asks for.
enum class Part : std::uint8_t { head, body };

enum class Type : std::uint8_t { flag, number, real, text, object, array, map, any };
std::string_view name(Type type);

// What stands inside a value that is told whole, for people and for `kfl check`:
// path relative to the field, [] for every element: "[].name", "[].type".
struct Member {
  std::string_view path;
  Type type;
  std::string_view about;
  std::string_view example = "";
};

// Members stand in the order in which a row is read.
struct Field {            // NOLINT(clang-analyzer-optin.performance.Padding)
  std::string_view path;  // from the root of the document: "request.method"
  Getter get;
  Type type;
  std::string_view about;         // one phrase for people
  std::string_view unit = "";     // "bytes", "ms"
  std::string_view example = "";  // as it stands in a statement: "\"GET\"", "500"
  Stage known = Stage::complete;  // from when on it can be relied on
  Part part = Part::head;
  bool fold_case = false;  // Lookup: keys are found without regard to case, the canonical one is told
  std::span<const Member> members = {};
};

// The fields of one protocol in the order of the JSON text, without the envelope. A Shape stands before its members,
// and members of one object stand together.
struct Schema {
  std::string_view name;  // protocol.name
  std::string_view title;
  std::uint8_t ordinal = 0;  // place in the list of protocols; the language keeps tables by it
  std::span<const Field> fields;
  // Constants that a statement can be folded with before any call is seen: the labels this protocol uses.
  std::span<const Label* const> labels;
  std::span<const std::string_view> summary;  // what one line about a call shows: paths of fields, in order
  std::span<const std::uint16_t> ports = {};  // protocol.ports: where the protocol is usually found
};

// The envelope (entries.md section 1): the fields every entry has, by the same rules. `request` and `response` are in
// it as Shapes; a protocol's fields are their members.
std::span<const Field> envelope();

// Everything a statement over entries can speak of.
struct Catalog {
  std::span<const Schema* const> schemas;  // by ordinal
};

}  // namespace wiretape
