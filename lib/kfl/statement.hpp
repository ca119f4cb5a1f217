// SPDX-License-Identifier: Apache-2.0
// A statement of the language (man wiretape-kfl.7), compiled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "entry/entry.hpp"
#include "entry/field.hpp"

namespace wiretape::kfl {

class Program;

// An own word of the language: parsed as a statement of its own, never spliced as text.
struct Macro {
  std::string name;
  std::string statement;
};

struct Options {
  const Catalog* catalog = nullptr;  // null: any JSON documents, no selector is known beforehand
  std::span<const Macro> macros = {};
  Timestamp now;  // what now() is
};

// Of Kleene's logic: what can be said of a call that is not complete yet.
enum class Truth : std::uint8_t { no, yes, unknown };

// Something `kfl check` says and that does not stop a reading command.
struct Warning {
  enum class Kind : std::uint8_t { grouping, unknown_selector, never_equal, constant, redact };
  Kind kind;
  std::string text;  // several lines: sentence, statement, caret, hint
};

// Immutable and cheap to copy; shared between threads. What a run needs beside it is in a Scratch, one for each thread.
class Statement;

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(Scratch&&) noexcept;
  Scratch& operator=(Scratch&&) noexcept;
  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

class Statement {
 public:
  // Matches everything.
  Statement();

  // The verdict on a complete call. Never fails: what is not there is false (kfl.md section 4).
  [[nodiscard]] bool matches(const Entry& entry, Scratch& scratch) const;
  // The verdict on a call of which entry.stage says how far it is known: yes or no only when nothing that is still to
  // come can change it.
  [[nodiscard]] Truth decide(const Entry& entry, Scratch& scratch) const;
  // The verdict on a JSON document, one line of a sidecar say. `record` is the name that the document belongs to. A
  // text that is not JSON gives an error.
  [[nodiscard]] Result<bool> matches(std::string_view json, std::string_view record, Scratch& scratch) const;

  [[nodiscard]] bool empty() const;                               // written without a term: matches everything
  [[nodiscard]] bool can_match(std::uint8_t ordinal) const;       // false: no entry of this protocol can ever match
  [[nodiscard]] bool needs_bodies() const;                        // some selector reads Part::body
  [[nodiscard]] std::optional<std::uint64_t> limit() const;       // limit(n): the result ends after n matches
  [[nodiscard]] std::span<const std::string> recordings() const;  // names in record("..."), in order, each once
  [[nodiscard]] bool redacts() const;
  // The document as redact() leaves it; documents that are not redacted come back byte for byte.
  [[nodiscard]] std::string redacted(std::string_view json, Scratch& scratch) const;
  // A packet filter (pcap-filter(7)) that lets through every packet of every stream that can match, "" where there is
  // none.
  [[nodiscard]] const std::string& packet_filter() const;
  // The same without its tagged forms, for link types that know no tags ("no VLAN support" of pcap_compile(3)): raw IP,
  // Linux cooked.
  [[nodiscard]] const std::string& untagged_packet_filter() const;
  // True when the statement names tcp or udp itself, so that streams' own entries are to be written.
  [[nodiscard]] bool names_transport() const;
  [[nodiscard]] std::span<const Warning> warnings() const;
  [[nodiscard]] const std::string& text() const;  // as it was written
  [[nodiscard]] const Program& program() const { return *program_; }

 private:
  friend Result<Statement> compile(std::string_view text, const Options& options);
  std::shared_ptr<const Program> program_;
};

// The error's kind is ErrorKind::statement; its message has line:column, its detail the statement with a caret.
Result<Statement> compile(std::string_view text, const Options& options);

// A selector by itself (-e of analyze): a path into entries or stored lines.
class Selector {
 public:
  // Appends the value as text (kfl.md section 3: booleans, numbers, texts; objects and arrays as JSON). False when
  // missing.
  bool append(const Entry& entry, Scratch& scratch, std::string& out) const;
  bool append(std::string_view json, Scratch& scratch, std::string& out) const;

 private:
  friend Result<Selector> compile_selector(std::string_view text, const Options& options);
  std::shared_ptr<const Program> program_;
};

Result<Selector> compile_selector(std::string_view text, const Options& options);

}  // namespace wiretape::kfl
