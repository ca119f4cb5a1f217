// SPDX-License-Identifier: Apache-2.0
#include "kfl/bind.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace wiretape::kfl {
namespace {

// How a path of names and a field's path relate.
struct Relation {
  enum class Kind : std::uint8_t { apart, field_above, field_below };
  Kind kind = Kind::apart;
  std::uint32_t steps = 0;  // field_above: steps of the path that the field stands for
};

Relation relation(const Path& path, std::string_view field) {
  std::uint32_t step = 0;
  for (;;) {
    const std::size_t dot = std::min(field.find('.'), field.size());
    if (step == path.size() || path[step].kind != Step::Kind::name) return {Relation::Kind::field_below};
    if (path[step].name != field.substr(0, dot)) return {};
    ++step;
    if (dot == field.size()) return {Relation::Kind::field_above, step};
    field.remove_prefix(dot + 1);
  }
}

template <class Visit>
void for_each_field(const Schema& schema, const Visit& visit) {
  for (const Field& field : envelope()) visit(field);
  for (const Field& field : schema.fields) visit(field);
}

// The field with the longest path that leads to what the selector asks for.
const Field* leading_field(const Path& path, const Schema& schema, std::uint32_t& steps) {
  const Field* best = nullptr;
  for_each_field(schema, [&](const Field& field) {
    const Relation found = relation(path, field.path);
    if (found.kind != Relation::Kind::field_above || (best != nullptr && found.steps <= steps)) return;
    best = &field;
    steps = found.steps;
  });
  return best;
}

void add_parents(Binding& binding, const Path& path, const Schema& schema) {
  for_each_field(schema, [&](const Field& field) {
    const auto* shape = std::get_if<Shape>(&field.get);
    if (shape == nullptr || &field == binding.field) return;
    const Relation found = relation(path, field.path);
    if (found.kind == Relation::Kind::field_above && found.steps < binding.used) binding.parents.push_back(*shape);
  });
}

bool is_label_field(std::string_view path) {
  return path == "protocol.name" || path == "protocol.version" || path == "protocol.abbr" ||
         path == "protocol.longName" || path == "protocol.macro";
}

// What a label says may still change while a request is being read (a body makes a call GraphQL), but not the
// protocol's name, nor what all labels of the protocol agree on.
Stage label_known(const Field& field, const Schema& schema) {
  constexpr auto member = [](const Label& label, std::string_view name) -> std::string_view {
    if (name == "protocol.name") return label.name;
    if (name == "protocol.version") return label.version;
    if (name == "protocol.abbr") return label.abbr;
    if (name == "protocol.longName") return label.long_name;
    return label.macro;
  };
  const auto first = schema.labels.empty() ? std::string_view{} : member(*schema.labels.front(), field.path);
  const bool agree =
      !schema.labels.empty() && std::all_of(schema.labels.begin(), schema.labels.end(),
                                            [&](const Label* label) { return member(*label, field.path) == first; });
  return agree ? field.known : std::max(field.known, Stage::request);
}

Binding::How how_of(const Field& field) {
  using How = Binding::How;
  struct Visitor {
    How operator()(Flag) const { return How::flag; }
    How operator()(Number) const { return How::number; }
    How operator()(Real) const { return How::real; }
    How operator()(Text) const { return How::text; }
    How operator()(Shape) const { return How::presence; }
    How operator()(Tell) const { return How::told; }
    How operator()(const Lookup&) const { return How::told; }
  };
  return std::visit(Visitor{}, field.get);
}

// An object without a getter, or one whose members are asked for: all fields below it are told.
Binding rendered(const Path& path, const Schema& schema) {
  Binding binding{.how = Binding::How::missing};
  for_each_field(schema, [&](const Field& field) {
    if (relation(path, field.path).kind != Relation::Kind::field_below) return;
    binding.how = Binding::How::rendered;
    binding.known = std::max(binding.known, is_label_field(field.path) ? label_known(field, schema) : field.known);
    if (field.part == Part::body) binding.part = Part::body;
  });
  const auto named =
      std::find_if(path.begin(), path.end(), [](const Step& step) { return step.kind != Step::Kind::name; });
  binding.used = static_cast<std::uint32_t>(named - path.begin());
  return binding;
}

bool has_name(const Path& path, std::uint32_t at) {
  return at < path.size() && path[at].kind == Step::Kind::name;
}

Binding of_field(const Path& path, const Schema& schema, const Field& field, std::uint32_t steps) {
  Binding binding{.how = how_of(field), .part = field.part, .known = field.known, .used = steps, .field = &field};
  if (is_label_field(field.path)) {
    binding.of_label = binding.how == Binding::How::text;
    binding.known = label_known(field, schema);
  }
  const auto* map = std::get_if<Lookup>(&field.get);
  if (map != nullptr && has_name(path, steps)) {
    binding.how = Binding::How::lookup;
    binding.key = field.fold_case ? canonical_header(path[steps].name) : path[steps].name;
    ++binding.used;
  }
  binding.direct = binding.how < Binding::How::told && binding.used == path.size();
  add_parents(binding, path, schema);
  return binding;
}

}  // namespace

Binding bind(const Path& path, const Schema& schema) {
  std::uint32_t steps = 0;
  const Field* field = leading_field(path, schema, steps);
  if (field == nullptr) return rendered(path, schema);
  const bool inside_shape = std::holds_alternative<Shape>(field->get) && steps < path.size();
  if (!inside_shape) return of_field(path, schema, *field, steps);
  Binding below = rendered(path, schema);
  if (below.how == Binding::How::missing) return below;
  below.known = std::max(below.known, field->known);
  return below;
}

namespace {

// "[].name" for the rest of a path inside a told value.
std::string member_path(const Path& path, std::uint32_t from) {
  std::string out;
  for (std::size_t i = from; i < path.size(); ++i) {
    switch (path[i].kind) {
      case Step::Kind::name:
        if (!out.empty()) out += '.';
        out += path[i].name;
        break;
      case Step::Kind::index:
      case Step::Kind::every: out += "[]"; break;
      default: return out;
    }
  }
  return out;
}

bool is_plain(const Path& path, std::uint32_t from) {
  return std::all_of(path.begin() + from, path.end(), [](const Step& step) {
    return step.kind == Step::Kind::name || step.kind == Step::Kind::index || step.kind == Step::Kind::every;
  });
}

Type element_type(const Field& field, const Path& path, std::uint32_t used, bool& exists) {
  exists = true;
  if (used == path.size()) return field.type;
  if (field.members.empty() || !is_plain(path, used)) return Type::any;
  const std::string wanted = member_path(path, used);
  for (const Member& member : field.members) {
    if (member.path == wanted) return member.type;
    // On the way to a member, or inside a value of any shape.
    if (member.path.starts_with(wanted)) return Type::any;
    const bool open = member.type == Type::any || member.type == Type::map || member.type == Type::object ||
                      member.type == Type::array;
    if (open && std::string_view(wanted).starts_with(member.path)) return Type::any;
  }
  exists = false;
  return Type::any;
}

// Of one protocol; nothing when it has no such selector.
std::optional<Type> type_in(const Path& path, const Schema& schema, const Field*& field) {
  const Binding binding = bind(path, schema);
  if (binding.how == Binding::How::missing) return std::nullopt;
  if (binding.field == nullptr) return Type::any;
  field = binding.field;
  bool exists = true;
  switch (binding.how) {
    case Binding::How::lookup: return binding.used == path.size() ? Type::text : Type::any;
    case Binding::How::told: {
      const Type type = element_type(*field, path, binding.used, exists);
      return exists ? std::optional(type) : std::nullopt;
    }
    default: break;
  }
  if (binding.used == path.size()) return field->type;
  // Only a text has an inside: through json() or xml().
  const Step::Kind next = path[binding.used].kind;
  if (next == Step::Kind::json || next == Step::Kind::xml) return Type::any;
  return std::nullopt;
}

}  // namespace

SelectorType type_of(const Path& path, const Catalog& catalog) {
  SelectorType out;
  bool agree = true;
  for (const Schema* schema : catalog.schemas) {
    const auto type = type_in(path, *schema, out.field);
    if (!type) continue;
    agree = agree && (!out.exists || out.type == type);
    out.exists = true;
    out.type = type;
  }
  if (!agree || out.type == Type::any) out.type.reset();
  return out;
}

std::vector<std::string> known_paths(const Catalog& catalog) {
  std::set<std::string> paths;
  const auto add = [&](const Field& field) {
    paths.emplace(field.path);
    for (const Member& member : field.members) {
      std::string path(field.path);
      if (!member.path.starts_with('[')) path += '.';
      path += member.path;
      for (std::size_t at = 0; (at = path.find("[]", at)) != std::string::npos;) path.insert(at + 1, 1, '0');
      paths.insert(std::move(path));
    }
  };
  for (const Field& field : envelope()) add(field);
  for (const Schema* schema : catalog.schemas) {
    for (const Field& field : schema->fields) add(field);
  }
  return {paths.begin(), paths.end()};
}

std::string canonical_header(std::string_view name) {
  std::string out(name);
  bool first = !name.starts_with(':');
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    c = static_cast<char>(first ? std::toupper(byte) : std::tolower(byte));
    first = c == '-';
  }
  return out;
}

}  // namespace wiretape::kfl
