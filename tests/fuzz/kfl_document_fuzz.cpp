// SPDX-License-Identifier: Apache-2.0
// Statements made from the first bytes of the input over any document, against the naive walk; and the input itself as
// a document.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "json/reader.hpp"
#include "json/writer.hpp"
#include "kfl/check.hpp"
#include "kfl/parse.hpp"
#include "kfl/statement.hpp"
#include "support/kfl_generator.hpp"
#include "support/kfl_walk.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) std::abort();
}

void agrees(const std::string& text, std::string_view document, kfl::Scratch& scratch) {
  const auto compiled = kfl::compile(text, {});
  // What is made up may be nested deeper than statements may be; it is nothing else that they are refused for.
  if (!compiled) return require(compiled.error().message.find("levels") != std::string::npos);
  auto parsed = std::get<std::optional<kfl::Expr>>(kfl::parse(text));
  const kfl::Expr checked = std::get<kfl::Checked>(kfl::check(std::move(*parsed), {})).expr;
  json::Reader reader;
  require(reader.open(document));
  const kfl::naive::Json tree = kfl::naive::read(reader, json::Reader::root);
  const auto said = compiled->matches(document, "", scratch);
  require(bool(said) && *said == kfl::naive::Evaluator(tree).term(checked));
}

// Selectors of every kind over a document that nobody made for them: no crash, and what is told again is JSON again.
void survives(std::string_view document, kfl::Scratch& scratch) {
  static const kfl::Statement statement = *kfl::compile(
      R"(redact("..a", "b.json()..c", "b.xml().a.b", "x[0]") and (a.b == 1 or a.*.b > 2 or a..b == r"x" or b.json()..c or b.xml().a.b
         or a == b or -a < 0 or a.contains(b)))",
      {});
  const auto matches = statement.matches(document, "", scratch);
  json::Reader reader;
  require(bool(matches) == reader.open(document));
  if (!matches) return;
  const std::string redacted = statement.redacted(document, scratch);
  require(reader.open(redacted));
  std::string told;
  json::Writer writer(told);
  require(reader.open(document));
  reader.tell(json::Reader::root, writer);
  require(reader.open(told));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static kfl::Scratch scratch;
  survives({reinterpret_cast<const char*>(data), size}, scratch);
  // Past its end the input chooses the middle of what there is: that ends the text that is being made.
  std::size_t at = 0;
  const auto choose = [&](std::size_t count) { return at < size ? data[at++] % count : count / 2; };
  kfl::Generator generator(choose);
  constexpr std::size_t most_choices = 400;
  if (size > most_choices) return 0;
  const std::string statement = generator.statement();
  agrees(statement, generator.document(), scratch);
  return 0;
}
