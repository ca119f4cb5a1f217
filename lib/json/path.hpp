// SPDX-License-Identifier: Apache-2.0
// One value out of a document that is being told: a sink that passes on what stands at a path and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "json/sink.hpp"
#include "json/writer.hpp"

namespace wiretape::json {

// One level down: a member of an object, or an element of an array (from 0).
struct PathStep {
  std::string_view name;
  std::uint32_t index = 0;
  bool is_index = false;
};

// Writes the value at `steps` as compact JSON to `out`, which is cleared for it. An empty path is the whole document.
// Steps, the views in them and `out` must outlive the sink.
class Path final : public Sink {
 public:
  // Where keys may repeat the last one counts, and the whole document has to be heard; otherwise the sink is done with
  // the first.
  enum class Keys : std::uint8_t { unique, may_repeat };

  Path(std::span<const PathStep> steps, Keys keys, std::string& out) : steps_(steps), out_(out), keys_(keys) {}
  using Sink::boolean;
  using Sink::integer;
  using Sink::text;

  [[nodiscard]] bool found() const { return found_; }

  void begin_object() override { open(Container::object); }
  void end_object() override { close(Container::object); }
  void begin_array() override { open(Container::array); }
  void end_array() override { close(Container::array); }
  void key(std::string_view name) override;
  void null() override;
  void boolean(bool value) override;
  void integer(std::int64_t value) override;
  void real(double value) override;
  void text(std::string_view value) override;
  [[nodiscard]] bool done() const override { return over_ && keys_ == Keys::unique; }

 private:
  enum class Container : std::uint8_t { object, array };
  enum class Place : std::uint8_t { elsewhere, above, target };
  Place place();  // of the value that begins
  bool takes_scalar();
  void start();  // the target begins
  void open(Container container);
  void close(Container container);

  void leave();

  std::span<const PathStep> steps_;
  std::string& out_;
  std::optional<Writer> writer_;  // while the target is told
  Keys keys_;
  std::size_t level_ = 0;      // containers on the path that are open: steps that have been gone
  std::size_t elsewhere_ = 0;  // containers open beside the path
  std::size_t inside_ = 0;     // containers open inside the target
  std::uint32_t element_ = 0;  // number of the next element, in the innermost container where that is an array
  bool key_matches_ = false;
  bool found_ = false;
  bool over_ = false;  // nothing more can be found, unless a key repeats
};

}  // namespace wiretape::json
