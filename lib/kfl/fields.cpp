// SPDX-License-Identifier: Apache-2.0
#include "kfl/fields.hpp"

#include <algorithm>
#include <vector>

#include "json/writer.hpp"

namespace wiretape::kfl {
namespace {

// One line of the list: a field, or a member of a value that is told whole.
struct Line {
  std::string_view protocol;  // "" for the envelope
  std::string path;
  std::string_view type, unit, about, example;
};

void add_members(std::vector<Line>& lines, std::string_view protocol, const Field& field) {
  for (const Member& member : field.members) {
    std::string path(field.path);
    if (!member.path.starts_with('[')) path += '.';
    path += member.path;
    for (std::size_t at = 0; (at = path.find("[]", at)) != std::string::npos;) path.insert(at + 1, 1, '0');
    lines.push_back({protocol, std::move(path), name(member.type), "", member.about, member.example});
  }
}

void add(std::vector<Line>& lines, std::string_view protocol, std::span<const Field> fields) {
  for (const Field& field : fields) {
    lines.push_back({protocol, std::string(field.path), name(field.type), field.unit, field.about, field.example});
    add_members(lines, protocol, field);
  }
}

std::vector<Line> lines_of(const Catalog& catalog, std::string_view protocol) {
  std::vector<Line> lines;
  if (protocol.empty()) add(lines, "", envelope());
  for (const Schema* schema : catalog.schemas) {
    if (protocol.empty() || schema->name == protocol) add(lines, schema->name, schema->fields);
  }
  return lines;
}

std::string type_and_unit(const Line& line) {
  std::string out(line.type);
  if (!line.unit.empty()) {
    out += ", ";
    out += line.unit;
  }
  return out;
}

void pad(std::string& out, std::size_t width, std::size_t used) {
  out.append(width > used ? width - used : 0, ' ');
}

// What mdoc would read as a request or a macro, or as an escape.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '"') {
      out += "\\(dq";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

void append_mdoc(std::string& out, const std::vector<Line>& lines) {
  out += ".Bl -tag -width Ds\n";
  for (const Line& line : lines) {
    out += ".It Li \"" + escaped(line.path) + "\" Pq " + type_and_unit(line) + "\n";
    out += escaped(line.about);
    out += line.example.empty() ? ".\n" : ", as in\n.Ql " + escaped(line.example) + " .\n";
  }
  out += ".El\n";
}

}  // namespace

std::string fields_text(const Catalog& catalog, std::string_view protocol) {
  const auto lines = lines_of(catalog, protocol);
  constexpr std::size_t widest = 48;
  std::size_t path_width = 0, type_width = 0;
  for (const Line& line : lines) {
    path_width = std::max(path_width, std::min(line.path.size(), widest));
    type_width = std::max(type_width, type_and_unit(line).size());
  }
  std::string out;
  std::string_view heading = "none yet";
  for (const Line& line : lines) {
    if (line.protocol != heading) {
      heading = line.protocol;
      if (!out.empty()) out += '\n';
      out += heading.empty() ? "every call" : heading;
      out += ":\n";
    }
    const std::string type = type_and_unit(line);
    out += "  " + line.path;
    pad(out, path_width, line.path.size());
    out += "  " + type;
    pad(out, type_width, type.size());
    out += "  ";
    out += line.about;
    if (!line.example.empty()) {
      out += ": ";
      out += line.example;
    }
    out += '\n';
  }
  return out;
}

std::string fields_json(const Catalog& catalog, std::string_view protocol) {
  std::string out = "[";
  for (const Line& line : lines_of(catalog, protocol)) {
    out += out.size() == 1 ? "\n" : ",\n";
    json::Writer writer(out);
    writer.begin_object();
    writer.text("path", line.path);
    writer.text("protocol", line.protocol);
    writer.text("type", line.type);
    writer.text("unit", line.unit);
    writer.text("about", line.about);
    writer.text("example", line.example);
    writer.end_object();
  }
  return out + "\n]\n";
}

std::string fields_mdoc(const Catalog& catalog) {
  std::string out =
      ".\\\" SPDX-License-Identifier: Apache-2.0\n"
      ".\\\" Made by: wiretape kfl fields --mdoc\n"
      ".Dd June 4, 2024\n"
      ".Dt WIRETAPE-FIELDS 7\n"
      ".Os\n"
      ".Sh NAME\n"
      ".Nm wiretape-fields\n"
      ".Nd what statements can ask of a call\n"
      ".Sh DESCRIPTION\n"
      "A selector of\n"
      ".Xr wiretape-kfl 7\n"
      "is a path into the document of a call.\n"
      "These are the paths, with the type of their values and an example as it stands in a statement.\n"
      "The same list comes from\n"
      ".Ql wiretape kfl fields .\n"
      ".Ss Every call\n";
  std::vector<Line> lines;
  add(lines, "", envelope());
  append_mdoc(out, lines);
  for (const Schema* schema : catalog.schemas) {
    lines.clear();
    add(lines, schema->name, schema->fields);
    if (lines.empty()) continue;
    out += ".Ss " + std::string(schema->name) + "\n";
    out += escaped(schema->title) + ".\n";
    append_mdoc(out, lines);
  }
  out +=
      ".Sh SEE ALSO\n"
      ".Xr wiretape 1 ,\n"
      ".Xr wiretape-kfl 7\n";
  return out;
}

}  // namespace wiretape::kfl
