// SPDX-License-Identifier: Apache-2.0
// Steps of a path over values: members and elements, wildcards, descent, and on into texts that hold JSON or XML.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "json/reader.hpp"
#include "kfl/ast.hpp"
#include "kfl/value.hpp"

namespace pugi {
class xml_document;
struct xml_node_struct;
}  // namespace pugi

namespace wiretape::kfl {

// One place that a path has led to. Its views are valid until the pool is reset.
struct Place {
  enum class Kind : std::uint8_t { json, text, xml };
  Kind kind = Kind::json;
  bool base64 = false;  // text: what json() or xml() decoded stood in base64
  json::Reader::Token token = 0;
  const json::Reader* document = nullptr;
  std::string_view text{};
  pugi::xml_node_struct* element = nullptr;
};

// Documents that were decoded on the way, their memory kept from run to run.
class Pool {
 public:
  Pool();
  ~Pool();
  void reset();
  json::Reader& reader();
  pugi::xml_document& xml();
  std::string& buffer();  // empty
  void give_back_reader() { --readers_; }

 private:
  std::vector<std::unique_ptr<json::Reader>> all_readers_;
  std::vector<std::unique_ptr<pugi::xml_document>> all_xml_;
  std::vector<std::unique_ptr<std::string>> all_buffers_;
  std::size_t readers_ = 0;
  std::size_t xml_ = 0;
  std::size_t buffers_ = 0;
};

class Walk {
 public:
  // Who reads wants the last of duplicate keys; who redacts wants them all.
  enum class Duplicates : std::uint8_t { last, all };

  Walk(Arena& arena, Pool& pool, Duplicates duplicates) : arena_(arena), pool_(pool), duplicates_(duplicates) {}

  // Where the steps lead from a place, in document order. The span is valid until the next call.
  std::span<const Place> run(const Place& from, std::span<const Step> steps);
  // The same as a value: none is missing, one is that value, more are a list.
  Value value(const Place& from, std::span<const Step> steps);

 private:
  using Token = json::Reader::Token;
  void step(const Place& place, const Step& step);
  void json_step(const Place& place, const Step& step);
  void member(const Place& object, const Step& step);
  void every(const Place& place);
  void descend(const json::Reader& document, Token value, std::string_view name);
  void start_descent();
  void xml_step(const Place& place, const Step& step);
  void sibling_step(std::uint32_t index);
  void decode_json(std::string_view text);
  void decode_xml(std::string_view text);
  void push(const json::Reader& document, Token token) { next_.push_back({.token = token, .document = &document}); }
  template <class Visit>
  void for_each_member(const json::Reader& document, Token object, const Visit& visit);
  bool text_at(const Place& place, std::string_view& text);
  Value value_of(const Place& place);

  struct Member {
    std::string_view name;
    Token key;
    std::uint32_t order;
    bool superseded;
  };

  Arena& arena_;
  Pool& pool_;
  Duplicates duplicates_;
  std::vector<Place> current_;
  std::vector<Place> next_;
};

// All text below an element, trimmed.
std::string xml_text(pugi::xml_node_struct* element);

// Parses without entities of the document's own and without anything external. False when there is no element, or the
// elements nest too deep.
bool load_xml(pugi::xml_document& document, std::string_view text, unsigned flags);

}  // namespace wiretape::kfl
