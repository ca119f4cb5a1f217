// SPDX-License-Identifier: Apache-2.0
#include "kfl/walk.hpp"

#include <algorithm>
#include <map>
#include <pugixml.hpp>
#include <unordered_set>
#include <utility>

#include "kfl/trie.hpp"

namespace wiretape::kfl {

Pool::Pool() = default;
Pool::~Pool() = default;

void Pool::reset() {
  readers_ = 0;
  xml_ = 0;
  buffers_ = 0;
}

json::Reader& Pool::reader() {
  if (readers_ == all_readers_.size()) all_readers_.push_back(std::make_unique<json::Reader>());
  return *all_readers_[readers_++];
}

pugi::xml_document& Pool::xml() {
  if (xml_ == all_xml_.size()) all_xml_.push_back(std::make_unique<pugi::xml_document>());
  return *all_xml_[xml_++];
}

std::string& Pool::buffer() {
  if (buffers_ == all_buffers_.size()) all_buffers_.push_back(std::make_unique<std::string>());
  std::string& buffer = *all_buffers_[buffers_++];
  buffer.clear();
  return buffer;
}

std::span<const Place> Walk::run(const Place& from, std::span<const Step> steps) {
  current_.assign(1, from);
  for (const Step& step : steps) {
    next_.clear();
    const bool in_xml = !current_.empty() && current_.front().kind == Place::Kind::xml;
    if (step.kind == Step::Kind::descend) start_descent();
    if (in_xml && step.kind == Step::Kind::index) {
      sibling_step(step.index);
    } else {
      for (const Place& place : current_) this->step(place, step);
    }
    std::swap(current_, next_);
  }
  return current_;
}

Value Walk::value(const Place& from, std::span<const Step> steps) {
  const auto found = run(from, steps);
  if (found.empty()) return Value::missing();
  if (found.size() == 1) return value_of(found[0]);
  const auto items = arena_.make<Value>(found.size());
  std::transform(found.begin(), found.end(), items.begin(), [&](const Place& place) { return value_of(place); });
  return Value::list(items);
}

Value Walk::value_of(const Place& place) {
  switch (place.kind) {
    case Place::Kind::json: return value_at(*place.document, place.token, arena_);
    case Place::Kind::text: return Value::of(place.text);
    case Place::Kind::xml: return Value::of(arena_.copy(xml_text(place.element)));
  }
  return Value::missing();
}

void Walk::step(const Place& place, const Step& step) {
  if (step.kind == Step::Kind::json || step.kind == Step::Kind::xml) {
    std::string_view text;
    if (!text_at(place, text)) return;
    return step.kind == Step::Kind::json ? decode_json(text) : decode_xml(text);
  }
  if (place.kind == Place::Kind::json) return json_step(place, step);
  if (place.kind == Place::Kind::xml) return xml_step(place, step);
}

bool Walk::text_at(const Place& place, std::string_view& text) {
  if (place.kind == Place::Kind::json && place.document->kind(place.token) != json::Reader::Kind::text) return false;
  text = value_of(place).text;
  return true;
}

void Walk::json_step(const Place& place, const Step& step) {
  const json::Reader& document = *place.document;
  const json::Reader::Kind kind = document.kind(place.token);
  switch (step.kind) {
    case Step::Kind::name:
      if (kind == json::Reader::Kind::object) member(place, step);
      return;
    case Step::Kind::index: {
      if (kind != json::Reader::Kind::array) return;
      std::uint32_t number = 0;
      for (Token item = document.first(place.token); item != document.end(place.token);
           item = document.next(place.token, item)) {
        if (number++ == step.index) return push(document, item);
      }
      return;
    }
    case Step::Kind::every: return every(place);
    case Step::Kind::descend: return descend(document, place.token, step.name);
    default: return;
  }
}

void Walk::member(const Place& object, const Step& step) {
  const json::Reader& document = *object.document;
  const std::size_t before = next_.size();
  const auto collect = [&](auto matches) {
    for (Token key = document.first(object.token); key != document.end(object.token);
         key = document.next(object.token, document.member(key))) {
      if (!matches(document, key, step.name)) continue;
      if (duplicates_ == Duplicates::last) next_.resize(before);
      push(document, document.member(key));
    }
  };
  collect(key_is);
  if (step.fold_case && next_.size() == before) collect(key_is_folded);
}

// Members in the order of the document, without those that a later one of the same name supersedes.
template <class Visit>
void Walk::for_each_member(const json::Reader& document, Token object, const Visit& visit) {
  std::vector<Member> members;
  for (Token key = document.first(object); key != document.end(object);
       key = document.next(object, document.member(key))) {
    members.push_back({value_at(document, key, arena_).text, key, static_cast<std::uint32_t>(members.size()), false});
  }
  if (duplicates_ == Duplicates::last && members.size() > 1) {
    std::sort(members.begin(), members.end(),
              [](const Member& a, const Member& b) { return std::tie(a.name, a.order) < std::tie(b.name, b.order); });
    for (std::size_t i = 0; i + 1 < members.size(); ++i) members[i].superseded = members[i].name == members[i + 1].name;
    std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.order < b.order; });
  }
  for (const Member& one : members) {
    if (!one.superseded) visit(one.name, document.member(one.key));
  }
}

void Walk::every(const Place& place) {
  const json::Reader& document = *place.document;
  const json::Reader::Kind kind = document.kind(place.token);
  if (kind == json::Reader::Kind::object) {
    for_each_member(document, place.token, [&](std::string_view, Token value) { push(document, value); });
  } else if (kind == json::Reader::Kind::array) {
    for (Token item = document.first(place.token); item != document.end(place.token);
         item = document.next(place.token, item)) {
      push(document, item);
    }
  }
}

// Parents before children. Documents are at most json::Reader::max_depth deep, so recursion is bounded.
void Walk::descend(const json::Reader& document, Token value, std::string_view name) {
  const json::Reader::Kind kind = document.kind(value);
  if (kind == json::Reader::Kind::object) {
    for_each_member(document, value, [&](std::string_view key, Token member) {
      if (key == name) push(document, member);
      descend(document, member, name);
    });
  } else if (kind == json::Reader::Kind::array) {
    for (Token item = document.first(value); item != document.end(value); item = document.next(value, item))
      descend(document, item, name);
  }
}

namespace {

bool has_ancestor_in(pugi::xml_node_struct* element, const std::unordered_set<pugi::xml_node_struct*>& elements) {
  for (pugi::xml_node node = pugi::xml_node(element).parent(); node; node = node.parent()) {
    if (elements.contains(node.internal_object())) return true;
  }
  return false;
}

}  // namespace

// What lies inside another place is reached from that one: without this, x..a..a..a would multiply what is nested.
void Walk::start_descent() {
  const auto inside = [](const Place& outer, const Place& inner) {
    return outer.kind == Place::Kind::json && inner.kind == Place::Kind::json && outer.document == inner.document &&
           inner.token >= outer.token && inner.token < outer.document->after(outer.token);
  };
  if (current_.size() < 2) return;
  // Documents keep the order in which they were reached.
  std::map<const json::Reader*, std::size_t> order;
  for (const Place& place : current_) order.emplace(place.document, order.size());
  std::stable_sort(current_.begin(), current_.end(), [&](const Place& a, const Place& b) {
    return std::pair(order[a.document], a.token) < std::pair(order[b.document], b.token);
  });
  std::vector<Place> outermost;
  for (const Place& place : current_) {
    if (outermost.empty() || !inside(outermost.back(), place)) outermost.push_back(place);
  }
  std::unordered_set<pugi::xml_node_struct*> elements;
  for (const Place& place : outermost) {
    if (place.kind == Place::Kind::xml) elements.insert(place.element);
  }
  std::erase_if(outermost, [&](const Place& place) {
    return place.kind == Place::Kind::xml && has_ancestor_in(place.element, elements);
  });
  current_ = std::move(outermost);
}

void Walk::decode_json(std::string_view text) {
  std::string& decoded = pool_.buffer();
  json::Reader& reader = pool_.reader();
  const bool base64 = json::decode_base64(text, decoded) && reader.open(decoded);
  if (!base64 && !reader.open(text)) return pool_.give_back_reader();
  push(reader, json::Reader::root);
}

void Walk::decode_xml(std::string_view text) {
  std::string& decoded = pool_.buffer();
  pugi::xml_document& document = pool_.xml();
  const bool base64 = json::decode_base64(text, decoded) && load_xml(document, decoded, pugi::parse_default);
  if (!base64 && !load_xml(document, text, pugi::parse_default)) return;
  next_.push_back({.kind = Place::Kind::xml, .element = document.internal_object()});
}

namespace {

template <class Visit>
void for_each_child(pugi::xml_node element, const Visit& visit) {
  for (pugi::xml_node child = element.first_child(); child; child = child.next_sibling()) {
    if (child.type() == pugi::node_element) visit(child);
  }
}

// The next node in document order below `top`, none at the end.
pugi::xml_node following(pugi::xml_node node, pugi::xml_node top) {
  if (node.first_child()) return node.first_child();
  while (node != top && !node.next_sibling()) node = node.parent();
  return node == top ? pugi::xml_node() : node.next_sibling();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

void Walk::xml_step(const Place& place, const Step& step) {
  const pugi::xml_node element(place.element);
  const auto push_element = [&](pugi::xml_node node) {
    next_.push_back({.kind = Place::Kind::xml, .element = node.internal_object()});
  };
  if (step.kind == Step::Kind::every) return for_each_child(element, push_element);
  if (step.kind == Step::Kind::descend) {
    for (pugi::xml_node node = following(element, element); node; node = following(node, element)) {
      if (node.type() == pugi::node_element && step.name == node.name()) push_element(node);
    }
    return;
  }
  if (step.kind != Step::Kind::name) return;
  if (step.name.starts_with('@')) {
    const pugi::xml_attribute attribute = element.attribute(step.name.c_str() + 1);
    if (attribute) next_.push_back({.kind = Place::Kind::text, .text = attribute.value(), .element = place.element});
    return;
  }
  for_each_child(element, [&](pugi::xml_node child) {
    if (step.name == child.name()) push_element(child);
  });
}

// Of equal siblings the one with that number.
void Walk::sibling_step(std::uint32_t index) {
  std::map<std::pair<pugi::xml_node_struct*, std::string_view>, pugi::xml_node_struct*> chosen;
  for (const Place& place : current_) {
    if (place.kind != Place::Kind::xml) continue;
    const pugi::xml_node element(place.element);
    const auto [found, fresh] = chosen.try_emplace({element.parent().internal_object(), element.name()}, nullptr);
    if (fresh) {
      pugi::xml_node sibling = element.parent().child(element.name());
      for (std::uint32_t i = 0; i < index && sibling; ++i) sibling = sibling.next_sibling(element.name());
      found->second = sibling.internal_object();
    }
    if (found->second == place.element) next_.push_back(place);
  }
}

std::string xml_text(pugi::xml_node_struct* element) {
  const pugi::xml_node top(element);
  std::string out;
  for (pugi::xml_node node = following(top, top); node; node = following(node, top)) {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) out += node.value();
  }
  return std::string(trimmed(out));
}

bool load_xml(pugi::xml_document& document, std::string_view text, unsigned flags) {
  if (!document.load_buffer(text.data(), text.size(), flags, pugi::encoding_utf8)) return false;
  std::size_t depth = 0;
  pugi::xml_node node = document;
  // As for JSON: a value is all text below an element, so depth multiplies the work.
  for (;;) {
    if (node.first_child()) {
      if (++depth > json::Reader::max_depth) return false;
      node = node.first_child();
      continue;
    }
    while (!node.next_sibling()) {
      if (depth == 0) return true;
      node = node.parent();
      --depth;
    }
    if (depth == 0) return true;
    node = node.next_sibling();
  }
}

}  // namespace wiretape::kfl
