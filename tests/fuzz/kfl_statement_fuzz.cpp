// SPDX-License-Identifier: Apache-2.0
// Any text as a statement: it is refused with a sentence, or it prints, reads back and runs.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kfl/explain.hpp"
#include "kfl/parse.hpp"
#include "kfl/statement.hpp"
#include "support/kfl_entries.hpp"

namespace {

using namespace wiretape;

void require(bool holds) {
  if (!holds) std::abort();
}

// What has been printed is read back as the same.
void print_is_stable(std::string_view text) {
  const auto parsed = kfl::parse(text);
  const auto* expr = std::get_if<std::optional<kfl::Expr>>(&parsed);
  if (expr == nullptr || !*expr) return;
  const std::string printed = kfl::print(**expr);
  const auto again = kfl::parse(printed);
  const auto* same = std::get_if<std::optional<kfl::Expr>>(&again);
  require(same != nullptr && *same && kfl::print(**same) == printed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  print_is_stable(text);
  const kfl::Options options{.catalog = &made_up::catalog, .macros = {}, .now = {}};
  const auto compiled = kfl::compile(text, options);
  require(bool(kfl::explain(text, options)) == bool(compiled));
  if (!compiled) {
    require(!compiled.error().message.empty() && !compiled.error().detail.empty());
    return 0;
  }
  made_up::WebCall call;
  kfl::Scratch scratch;
  const bool matches = compiled->matches(call.entry, scratch);
  for (const Stage stage :
       {Stage::stream, Stage::request_head, Stage::request, Stage::response_head, Stage::complete}) {
    call.entry.stage = stage;
    const kfl::Truth decided = compiled->decide(call.entry, scratch);
    require(decided == kfl::Truth::unknown || (decided == kfl::Truth::yes) == matches);
  }
  require(!matches || compiled->can_match(made_up::web_schema.ordinal));
  constexpr std::string_view document =
      R"({"a":[1,{"b":"eyJhIjoxfQ=="}],"c":"<a><b>1</b></a>","request":{"headers":{"A":"b"}}})";
  require(bool(compiled->matches(document, "", scratch)));
  const std::string redacted = compiled->redacted(document, scratch);
  require(bool(compiled->matches(redacted, "", scratch)));
  return 0;
}
