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
#include "engine/pipeline.hpp"
#include "entry/render.hpp"
#include "json/writer.hpp"

using namespace wiretape;

namespace {

constexpr std::size_t body_limit = 4096;
constexpr std::size_t backlog_limit = 1U << 16U;

class Checker final : public engine::JobSink {
 public:
  void packet(const net::Packet& packet) override {
    if (!packets_.insert(packet.position).second) std::abort();
  }
  void call(const Entry& entry) override {
    if (!open_.contains(entry.stream->number)) std::abort();
    text_.clear();
    json::Writer writer(text_);
    render(entry, writer);
  }
  void stream_kept(const StreamFacts& facts, const engine::StreamPackets& packets, const record::Loss& loss) override {
    if (!open_.insert(facts.number).second) std::abort();
    if (loss.backlog_cut_packets > packets.packets || loss.backlog_cut_bytes > packets.bytes) std::abort();
  }
  void stream_over(const StreamFacts& facts, const engine::StreamPackets& packets, const record::Loss& loss) override {
    if (open_.erase(facts.number) != 1) std::abort();
    if (loss.backlog_cut_packets > packets.packets || loss.backlog_cut_bytes > packets.bytes) std::abort();
  }
  [[nodiscard]] bool all_over() const { return open_.empty(); }

 private:
  std::unordered_set<std::uint64_t> packets_;
  std::unordered_set<std::uint64_t> open_;  // streams that are kept and not over
  std::string text_;
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
    for (const net::Packet& packet : *batch) pipeline.feed(packet);
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
