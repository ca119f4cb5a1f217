// SPDX-License-Identifier: Apache-2.0
// A capture file through the whole data path: packets to streams, calls, and what two statements keep of them.
//
// Checked: a packet is kept at most once by each statement, a call comes after its stream was kept, and a kept stream
// ends once.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <unordered_set>

#include "capture/file.hpp"
#include "engine/calls.hpp"
#include "engine/pipeline.hpp"

using namespace wiretape;

namespace {

constexpr std::size_t body_limit = 4096;
constexpr std::size_t backlog_limit = 1U << 16U;

// Its tellers write for it what it checks: the number of a call's stream, and the event and number of a stream.
class Checker final : public engine::JobSink {
 public:
  [[nodiscard]] std::unique_ptr<engine::JobTeller> teller() const override { return std::make_unique<Teller>(); }
  void packet(const net::Packet& packet) override {
    if (!packets_.insert(packet.position).second) std::abort();
  }
  void call(std::string_view told) override {
    if (!open_.contains(std::string(told))) std::abort();
  }
  void stream(std::string_view told) override {
    const std::string number(told.substr(1));
    const bool expected = told.front() == 'k' ? open_.insert(number).second : open_.erase(number) == 1;
    if (!expected) std::abort();
  }
  [[nodiscard]] bool all_over() const { return open_.empty(); }

 private:
  class Teller final : public engine::JobTeller {
   public:
    void call(const Entry& entry, std::string& out) override {
      text_.clear();
      json_->tell(entry, text_);
      out += std::to_string(entry.stream->number);
    }
    void stream(engine::StreamEvent event, const StreamFacts& facts, const engine::StreamPackets& packets,
                const record::Loss& loss, std::string& out) override {
      if (loss.backlog_cut_packets > packets.packets || loss.backlog_cut_bytes > packets.bytes) std::abort();
      out += event == engine::StreamEvent::kept ? 'k' : 'o';
      out += std::to_string(facts.number);
    }

   private:
    std::unique_ptr<engine::CallTeller> json_ = engine::json_teller();
    std::string text_;
  };

  std::unordered_set<std::uint64_t> packets_;
  std::unordered_set<std::string> open_;  // numbers of streams that are kept and not over
};

kfl::Statement compiled(const char* text) {
  auto statement = kfl::compile(text, {.catalog = &catalog(), .macros = {}, .now = {}});
  if (!statement) std::abort();
  return *statement;
}

void read(const std::string& path) {
  static const kfl::Statement calls = compiled("http or dns");
  static const kfl::Statement bodies =
      compiled("response.content.text.contains(\"a\") or response.status >= 500 or dst.port == 53");
  const auto source = capture::open_file(path);
  if (!source) return;

  const SourceFacts facts{.backend = "file", .source = "fuzz"};
  const SourceFacts* const sources = &facts;
  Checker first, second;
  engine::Pipeline pipeline(
      {{.statement = calls, .sink = &first}, {.statement = bodies, .sink = &second}},
      {.dissector = {.body_limit = body_limit}, .backlog_limit = backlog_limit, .sources = {&sources, 1}});
  for (auto batch = (*source)->next(); batch && !batch->empty(); batch = (*source)->next()) {
    pipeline.feed(*batch);
  }
  pipeline.finish();
  if (!first.all_over() || !second.all_over()) std::abort();
  if (pipeline.stats().matched_streams > pipeline.stats().streams) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = memfd_create("capture", MFD_CLOEXEC);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  read("/proc/self/fd/" + std::to_string(file));
  close(file);
  return 0;
}
