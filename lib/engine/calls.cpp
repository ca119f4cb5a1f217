// SPDX-License-Identifier: Apache-2.0
#include "engine/calls.hpp"

#include "entry/render.hpp"
#include "json/writer.hpp"

namespace wiretape::engine {
namespace {

class JsonTeller final : public CallTeller {
 public:
  explicit JsonTeller(const kfl::Statement& statement) : statement_(statement) {}

  void tell(const Entry& entry, std::string& out) override {
    if (!statement_.redacts()) return append(entry, out);
    clear_text_.clear();
    append(entry, clear_text_);
    out += statement_.redacted(clear_text_, scratch_);
  }

 private:
  static void append(const Entry& entry, std::string& out) {
    json::Writer writer(out);
    render(entry, writer);
  }

  kfl::Statement statement_;
  kfl::Scratch scratch_;
  std::string clear_text_;
};

}  // namespace

std::unique_ptr<CallTeller> json_teller(const kfl::Statement& statement) {
  return std::make_unique<JsonTeller>(statement);
}

}  // namespace wiretape::engine
