// SPDX-License-Identifier: Apache-2.0
#include "entry/render.hpp"

#include <doctest/doctest.h>

#include <string>

#include "json/writer.hpp"

namespace wiretape {
namespace {

struct Words final : Message {
  std::string word = "hi";
  bool has_extra = false;
};

const Words* request(const Entry& entry) {
  return static_cast<const Words*>(entry.request);
}

bool tell_letters(const Entry& entry, json::Sink& sink) {
  sink.begin_array();
  for (const char letter : request(entry)->word) sink.text({&letter, 1});
  sink.end_array();
  return true;
}

bool tell_extra(const Entry& entry, json::Sink& sink) {
  if (!request(entry)->has_extra) return false;
  sink.begin_object();
  sink.integer("n", 1);
  sink.end_object();
  return true;
}

std::optional<std::string_view> look_up(const Entry& entry, std::string_view key) {
  return key == "word" ? std::optional<std::string_view>(request(entry)->word) : std::nullopt;
}
bool tell_map(const Entry& entry, json::Sink& sink) {
  sink.begin_object();
  sink.text("word", request(entry)->word);
  sink.end_object();
  return true;
}

constexpr Field fields[] = {
    {.path = "request.word",
     .get = [](const Entry& e) -> std::optional<std::string_view> { return request(e)->word; },
     .type = Type::text,
     .about = "the word"},
    {.path = "request.letters", .get = Tell{tell_letters}, .type = Type::array, .about = "its letters"},
    {.path = "request.extra", .get = Tell{tell_extra}, .type = Type::object, .about = "only sometimes"},
    {.path = "request.map", .get = Lookup{look_up, tell_map}, .type = Type::map, .about = "a map"},
    {.path = "request.length",
     .get = [](const Entry& e) -> std::optional<std::int64_t> { return request(e)->word.size(); },
     .type = Type::number,
     .about = "how long"},
    {.path = "request.ratio",
     .get = [](const Entry&) -> std::optional<double> { return 0.5; },
     .type = Type::real,
     .about = "a ratio"},
    {.path = "request.never",
     .get = [](const Entry&) -> std::optional<bool> { return std::nullopt; },
     .type = Type::flag,
     .about = "never there"},
    {.path = "request.box",
     .get = [](const Entry&) -> Presence { return Presence::present; },
     .type = Type::object,
     .about = "an object in an object"},
    {.path = "request.box.full",
     .get = [](const Entry&) -> std::optional<bool> { return true; },
     .type = Type::flag,
     .about = "its member"},
    {.path = "request.hole",
     .get = [](const Entry&) -> Presence { return Presence::null; },
     .type = Type::object,
     .about = "nothing"},
    {.path = "request.hole.full",
     .get = [](const Entry&) -> std::optional<bool> { return true; },
     .type = Type::flag,
     .about = "not told"},
    {.path = "request.gone",
     .get = [](const Entry&) -> Presence { return Presence::missing; },
     .type = Type::object,
     .about = "not there"},
    {.path = "request.gone.full",
     .get = [](const Entry&) -> std::optional<bool> { return true; },
     .type = Type::flag,
     .about = "not told either"},
};
constexpr Schema schema = {.name = "words", .title = "Words", .fields = fields, .labels = {}, .summary = {}};
constexpr Label label = {"words", "", "WORDS", "Words", "words"};

struct Call {
  Call() { entry = {.schema = &schema, .stream = &stream, .label = &label, .request = &words}; }
  [[nodiscard]] std::string half() const {
    std::string out;
    json::Writer writer(out);
    render(entry, writer);
    const std::size_t from = out.find("\"request\":");
    return out.substr(from, out.find(",\"error\"") - from);
  }
  StreamFacts stream;
  Words words;
  Entry entry;
};

const Field& field(std::string_view path) {
  for (const Field& candidate : envelope()) {
    if (candidate.path == path) return candidate;
  }
  for (const Field& candidate : fields) {
    if (candidate.path == path) return candidate;
  }
  FAIL("no such field");
  return fields[0];
}

TEST_SUITE("render") {
  TEST_CASE("a protocol's fields stand inside the halves of the envelope") {
    const Call call;
    CHECK(
        call.half() ==
        R"("request":{"word":"hi","letters":["h","i"],"map":{"word":"hi"},"length":2,"ratio":0.5,"box":{"full":true},"hole":null},"response":null)");
  }

  TEST_CASE("a key that is there only sometimes comes with its value") {
    Call call;
    call.words.has_extra = true;
    CHECK(call.half().find(R"("extra":{"n":1})") != std::string::npos);
  }

  TEST_CASE("text that is not UTF-8 is told as base64, and that is said") {
    Call call;
    call.words.word = "\xff\xfe";
    CHECK(call.half().find(R"("word":"//4=")") != std::string::npos);
    CHECK(call.half().find(R"("hole":null,"encoding":"base64"})") != std::string::npos);
  }

  TEST_CASE("a field by itself is its value, an object with all its members") {
    const Call call;
    const auto value = [&](std::string_view path) {
      std::string out;
      json::Writer writer(out);
      return tell(field(path), call.entry, writer) ? out : "missing";
    };
    CHECK(value("request.word") == R"("hi")");
    CHECK(value("request.map") == R"({"word":"hi"})");
    CHECK(value("request.extra") == "missing");
    CHECK(value("request.never") == "missing");
    CHECK(value("request.box") == R"({"full":true})");
    CHECK(value("request.hole") == "null");
    CHECK(value("request.gone") == "missing");
    CHECK(value("response") == "null");
    CHECK(value("request") == call.half().substr(10, call.half().find(",\"response\"") - 10));
  }

  TEST_CASE("the whole is one object with the envelope's keys in their order") {
    const Call call;
    std::string out;
    json::Writer writer(out);
    render(call.entry, writer);
    std::size_t at = 0;
    for (const std::string_view key :
         {"{\"id\":", "\"index\":", "\"stream\":", "\"record\":", "\"node\":", "\"protocol\":", "\"tls\":",
          "\"capture\":", "\"src\":", "\"dst\":", "\"outgoing\":", "\"timestamp\":", "\"startTime\":",
          "\"elapsedTime\":", "\"requestSize\":", "\"responseSize\":", "\"request\":", "\"response\":", "\"error\":"}) {
      CAPTURE(key);
      const std::size_t found = out.find(key, at);
      REQUIRE(found != std::string::npos);
      at = found;
    }
    CHECK(out.back() == '}');
  }

  // Counts what it is told and is done after so many calls.
  class Impatient final : public json::Sink {
   public:
    explicit Impatient(std::size_t patience) : patience_(patience) {}
    void begin_object() override { ++told; }
    void end_object() override { ++told; }
    void begin_array() override { ++told; }
    void end_array() override { ++told; }
    void key(std::string_view) override { ++told; }
    void null() override { ++told; }
    void boolean(bool) override { ++told; }
    void integer(std::int64_t) override { ++told; }
    void real(double) override { ++told; }
    void text(std::string_view) override { ++told; }
    [[nodiscard]] bool done() const override { return told >= patience_; }
    std::size_t told = 0;

   private:
    std::size_t patience_;
  };

  TEST_CASE("who needs no more is told no more") {
    const Call call;
    for (std::size_t patience = 1; patience < 60; ++patience) {
      Impatient sink(patience);
      render(call.entry, sink);
      CHECK(sink.told <= patience + 8);  // a value that is told whole may be finished
    }
  }

  TEST_CASE("faults have the names that entries show") {
    CHECK(name(Fault::Type::pair_not_found) == "pair-not-found");
    CHECK(name(Fault::Type::incomplete) == "incomplete");
    CHECK(name(Type::array) == "array");
  }
}

}  // namespace
}  // namespace wiretape
