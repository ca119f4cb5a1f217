// SPDX-License-Identifier: Apache-2.0
// Walks the envelope and a protocol's fields as one tree of keys.
#include "entry/render.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "json/writer.hpp"

namespace wiretape {
namespace {

// A key with its value, in the order of the text: the members of an object follow it and end before `end`.
struct Node {
  std::string_view key;
  const Field* field;  // null: an object that is always there and that no Shape describes
  std::size_t end;
};

struct Branch {
  std::string_view key;
  const Field* field = nullptr;
  std::vector<Branch> members;
};

void insert(Branch& root, const Field& field) {
  Branch* at = &root;
  for (std::string_view rest = field.path; !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view key = rest.substr(0, dot);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    auto& members = at->members;
    const auto found = std::find_if(members.begin(), members.end(), [&](const Branch& b) { return b.key == key; });
    at = found != members.end() ? &*found : &members.emplace_back(Branch{key, nullptr, {}});
  }
  at->field = &field;
}

void flatten(const Branch& branch, std::vector<Node>& out) {
  for (const Branch& member : branch.members) {
    const std::size_t place = out.size();
    out.push_back({member.key, member.field, 0});
    flatten(member, out);
    out[place].end = out.size();
  }
}

struct Walk {
  const Field* fields;  // whose walk this is: a protocol's table
  std::vector<Node> nodes;
};

Walk make_walk(std::span<const Field> fields) {
  Branch root;
  for (const Field& field : envelope()) insert(root, field);
  for (const Field& field : fields) insert(root, field);
  Walk walk{fields.data(), {}};
  flatten(root, walk.nodes);
  return walk;
}

// Made once for each table and thread. Tables live as long as the program, so their address names them.
const Walk& walk_of(const Entry& entry) {
  static thread_local std::vector<std::unique_ptr<Walk>> walks;
  const std::span<const Field> fields = entry.schema != nullptr ? entry.schema->fields : std::span<const Field>{};
  for (const auto& walk : walks) {
    if (walk->fields == fields.data()) return *walk;
  }
  return *walks.emplace_back(std::make_unique<Walk>(make_walk(fields)));
}

// Tells a key as soon as its value begins, and not at all when no value comes.
class KeyBefore final : public json::Sink {
 public:
  KeyBefore(json::Sink& sink, std::string_view key) : sink_(sink), key_(key) {}
  using Sink::boolean;
  using Sink::integer;
  using Sink::text;

  void begin_object() override { value().begin_object(); }
  void end_object() override { sink_.end_object(); }
  void begin_array() override { value().begin_array(); }
  void end_array() override { sink_.end_array(); }
  void key(std::string_view name) override { sink_.key(name); }
  void null() override { value().null(); }
  void boolean(bool flag) override { value().boolean(flag); }
  void integer(std::int64_t number) override { value().integer(number); }
  void real(double number) override { value().real(number); }
  void text(std::string_view text) override { value().text(text); }
  [[nodiscard]] bool done() const override { return sink_.done(); }

 private:
  json::Sink& value() {
    if (!told_) sink_.key(key_);
    told_ = true;
    return sink_;
  }

  json::Sink& sink_;
  std::string_view key_;
  bool told_ = false;
};

class Teller {
 public:
  Teller(const Walk& walk, const Entry& entry, json::Sink& sink) : nodes_(walk.nodes), entry_(entry), sink_(sink) {}

  void object(std::size_t begin, std::size_t end) {
    sink_.begin_object();
    bool encoded = false;
    for (std::size_t at = begin; at < end && !sink_.done(); at = nodes_[at].end) encoded |= member(at);
    // entries.md: what is not UTF-8 stands as base64 and says so beside it.
    if (encoded) sink_.text("encoding", "base64");
    if (!sink_.done()) sink_.end_object();
  }

 private:
  // Returns whether a text had to be encoded.
  bool member(std::size_t at) {
    const Node& node = nodes_[at];
    if (node.field == nullptr) {
      sink_.key(node.key);
      object(at + 1, node.end);
      return false;
    }
    return std::visit([&](const auto& get) { return tell(at, get); }, node.field->get);
  }

  bool tell(std::size_t at, Flag get) {
    if (const auto value = get(entry_)) sink_.boolean(nodes_[at].key, *value);
    return false;
  }
  bool tell(std::size_t at, Number get) {
    if (const auto value = get(entry_)) sink_.integer(nodes_[at].key, *value);
    return false;
  }
  bool tell(std::size_t at, Real get) {
    const auto value = get(entry_);
    if (!value) return false;
    sink_.key(nodes_[at].key);
    sink_.real(*value);
    return false;
  }
  bool tell(std::size_t at, Text get) {
    const auto value = get(entry_);
    if (!value) return false;
    if (json::is_utf8(*value)) {
      sink_.text(nodes_[at].key, *value);
      return false;
    }
    std::string encoded;
    json::append_base64(encoded, *value);
    sink_.text(nodes_[at].key, encoded);
    return true;
  }
  bool tell(std::size_t at, Shape get) {
    const Presence presence = get(entry_);
    if (presence == Presence::missing) return false;
    sink_.key(nodes_[at].key);
    if (presence == Presence::null) {
      sink_.null();
    } else {
      object(at + 1, nodes_[at].end);
    }
    return false;
  }
  bool tell(std::size_t at, Tell get) {
    KeyBefore sink(sink_, nodes_[at].key);
    get(entry_, sink);
    return false;
  }
  bool tell(std::size_t at, const Lookup& get) { return tell(at, get.tell); }

  const std::vector<Node>& nodes_;
  const Entry& entry_;
  json::Sink& sink_;
};

bool tell_value(const Field&, Flag get, const Entry& entry, json::Sink& sink) {
  const auto value = get(entry);
  if (value) sink.boolean(*value);
  return value.has_value();
}
bool tell_value(const Field&, Number get, const Entry& entry, json::Sink& sink) {
  const auto value = get(entry);
  if (value) sink.integer(*value);
  return value.has_value();
}
bool tell_value(const Field&, Real get, const Entry& entry, json::Sink& sink) {
  const auto value = get(entry);
  if (value) sink.real(*value);
  return value.has_value();
}
bool tell_value(const Field&, Text get, const Entry& entry, json::Sink& sink) {
  const auto value = get(entry);
  if (!value) return false;
  if (json::is_utf8(*value)) {
    sink.text(*value);
    return true;
  }
  std::string encoded;
  json::append_base64(encoded, *value);
  sink.text(encoded);
  return true;
}
bool tell_value(const Field& field, Shape get, const Entry& entry, json::Sink& sink) {
  const Presence presence = get(entry);
  if (presence == Presence::missing) return false;
  if (presence == Presence::null) {
    sink.null();
    return true;
  }
  const Walk& walk = walk_of(entry);
  const auto node =
      std::find_if(walk.nodes.begin(), walk.nodes.end(), [&](const Node& n) { return n.field == &field; });
  if (node == walk.nodes.end()) return false;
  Teller(walk, entry, sink).object(static_cast<std::size_t>(node - walk.nodes.begin()) + 1, node->end);
  return true;
}
bool tell_value(const Field&, Tell get, const Entry& entry, json::Sink& sink) {
  return get(entry, sink);
}
bool tell_value(const Field&, const Lookup& get, const Entry& entry, json::Sink& sink) {
  return get.tell(entry, sink);
}

}  // namespace

void render(const Entry& entry, json::Sink& sink) {
  const Walk& walk = walk_of(entry);
  Teller(walk, entry, sink).object(0, walk.nodes.size());
}

bool tell(const Field& field, const Entry& entry, json::Sink& sink) {
  return std::visit([&](const auto& get) { return tell_value(field, get, entry, sink); }, field.get);
}

}  // namespace wiretape
