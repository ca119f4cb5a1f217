// SPDX-License-Identifier: Apache-2.0
// Where a selector's value comes from in the entries of one protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entry/field.hpp"
#include "kfl/ast.hpp"

namespace wiretape::kfl {

struct Binding {
  enum class How : std::uint8_t {
    missing,  // no entry of this protocol has it
    flag,     // a getter each, for as much of the path as `used` says
    number,
    real,
    text,
    lookup,    // a map's value at `key`
    presence,  // an object of which no more is asked
    told,      // the field is told, and the rest of the path looked up in that
    rendered,  // the object is told by render(); it has no field of its own, or members are to be listed
  };
  How how = How::missing;
  Part part = Part::head;
  bool direct = false;          // a getter answers the whole path
  bool of_label = false;        // one of `protocol`'s, which are constants of the call's flavour
  Stage known = Stage::stream;  // from when on the value can be relied on
  std::uint32_t used = 0;       // steps of the path that the getter stands for
  const Field* field = nullptr;
  std::vector<Shape> parents{};  // objects that must be there first, outermost first
  std::string key{};             // lookup: in the case in which it is told
};

Binding bind(const Path& path, const Schema& schema);

// What is known beforehand of a selector's value.
struct SelectorType {
  bool exists = false;           // at least one protocol has it, or nothing is known
  std::optional<Type> type;      // where all that have it agree
  const Field* field = nullptr;  // one that it reads
};
SelectorType type_of(const Path& path, const Catalog& catalog);

// Every path that `kfl fields` lists, those inside told values too ("response.answers[0].name").
std::vector<std::string> known_paths(const Catalog& catalog);

// A header's name as entries show it: User-Agent, :authority.
std::string canonical_header(std::string_view name);

}  // namespace wiretape::kfl
