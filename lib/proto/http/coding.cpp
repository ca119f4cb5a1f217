// SPDX-License-Identifier: Apache-2.0
#include "proto/http/coding.hpp"

#include <brotli/decode.h>
#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/zstd_frames.hpp"
#include "proto/http/lzw.hpp"

namespace wiretape::http {
namespace {

using Result = Unpacking::Result;

constexpr std::size_t piece_size = 16U << 10U;
constexpr std::uint64_t most_growth = 100;

// zlib's windowBits: 15 is the largest window, 16 more asks for gzip's frame, a negative number for no frame at all.
constexpr int zlib_frame = 15, gzip_frame = 15 + 16, no_frame = -15;

class Zlib final : public Unpacking {
 public:
  explicit Zlib(Coding coding) : gzip_(coding == Coding::gzip) {}
  ~Zlib() override {
    if (open_) inflateEnd(&stream_);
  }

  Result feed(Bytes bytes, Output& output) override {
    if (!open_) {
      for (; start_.size() < 2 && !bytes.empty(); bytes.remove_prefix(1)) start_ += bytes.front();
      if (start_.size() < 2) return Result::good;
      if (inflateInit2(&stream_, frame()) != Z_OK) return Result::bad;
      open_ = true;
      if (const Result result = run(start_, output); result != Result::good) return result;
    }
    return run(bytes, output);
  }

  [[nodiscard]] bool finished() const override { return ended_ || between_; }

 private:
  // "deflate" means zlib's frame; some send the bare stream. Two bytes tell: method 8, and a multiple of 31.
  [[nodiscard]] int frame() const {
    if (gzip_) return gzip_frame;
    const unsigned first = static_cast<unsigned char>(start_[0]), second = static_cast<unsigned char>(start_[1]);
    return (first & 0x0FU) == 8 && (first << 8U | second) % 31 == 0 ? zlib_frame : no_frame;
  }

  Result run(Bytes bytes, Output& output) {
    std::array<char, piece_size> piece;  // filled by inflate
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max()));
    while (!ended_) {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      between_ = between_ && stream_.avail_in == 0;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t size = piece.size() - stream_.avail_out;
      if (size != 0 && !output.take({piece.data(), size})) return Result::enough;
      if (status == Z_STREAM_END)
        next_member();
      else if (status != Z_OK && status != Z_BUF_ERROR)
        return Result::bad;
      // Output that filled the piece may have more behind it.
      if (stream_.avail_in == 0 && (between_ || stream_.avail_out != 0)) break;
    }
    return Result::good;
  }

  // A gzip body may be several members (RFC 1952 section 2.2); padding behind the last is passed over.
  void next_member() {
    between_ = true;
    ended_ = !gzip_ || (stream_.avail_in != 0 && *stream_.next_in != 0x1F);
    if (!ended_) inflateReset(&stream_);
  }

  z_stream stream_{};
  std::string start_;  // the first two bytes
  bool gzip_;
  bool open_ = false;
  bool between_ = false;  // a member ended with the bytes so far
  bool ended_ = false;
};

class Brotli final : public Unpacking {
 public:
  Brotli() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
  ~Brotli() override { BrotliDecoderDestroyInstance(state_); }

  Result feed(Bytes bytes, Output& output) override {
    if (state_ == nullptr) return Result::bad;
    std::array<char, piece_size> piece;  // filled by the decoder
    auto next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    std::size_t left = bytes.size();
    while (!BrotliDecoderIsFinished(state_)) {
      auto next_out = reinterpret_cast<std::uint8_t*>(piece.data());
      std::size_t room = piece.size();
      const auto status = BrotliDecoderDecompressStream(state_, &left, &next_in, &room, &next_out, nullptr);
      const std::size_t size = piece.size() - room;
      if (size != 0 && !output.take({piece.data(), size})) return Result::enough;
      if (status == BROTLI_DECODER_RESULT_ERROR) return Result::bad;
      if (status == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) return Result::good;
    }
    return Result::good;
  }

  [[nodiscard]] bool finished() const override { return BrotliDecoderIsFinished(state_) != 0; }

 private:
  BrotliDecoderState* state_;
};

class Zstd final : public Unpacking {
 public:
  Zstd() : stream_(ZSTD_createDStream()) {
    // RFC 9659: a content coding's window is at most 8 MiB.
    if (stream_ != nullptr) ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, 23);
  }
  ~Zstd() override { ZSTD_freeDStream(stream_); }

  Result feed(Bytes bytes, Output& output) override {
    if (stream_ == nullptr) return Result::bad;
    std::array<char, piece_size> piece;  // filled by the decoder
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      if (!frames_.accept(bytes.substr(in.pos))) return Result::bad;
      ZSTD_outBuffer out{piece.data(), piece.size(), 0};
      const std::size_t status = ZSTD_decompressStream(stream_, &out, &in);
      if (out.pos != 0 && !output.take({piece.data(), out.pos})) return Result::enough;
      if (ZSTD_isError(status) != 0) return Result::bad;
      finished_ = status == 0;
      if (finished_) frames_.ended();
      if (in.pos == in.size && (finished_ || out.pos < out.size)) return Result::good;
    }
  }

  [[nodiscard]] bool finished() const override { return finished_; }

 private:
  ZSTD_DStream* stream_;
  ZstdFrames frames_;
  bool finished_ = false;  // a frame ended with the bytes so far
};

// How far to make room for a whole gzip body: its last four bytes say (modulo 2^32) what it unpacks to.
std::size_t promised_size(Bytes packed) {
  Cursor in(packed.substr(packed.size() - 4));
  return in.le32();
}

// True when `packed` is one whole gzip member that unpacks to no more than the limit.
bool unpack_gzip(Bytes packed, std::size_t limit, Unpacked& out) {
  constexpr std::size_t smallest_gzip = 18;
  if (packed.size() < smallest_gzip) return false;
  const std::size_t promised = promised_size(packed);
  if (promised == 0 || promised > limit || promised / most_growth > packed.size()) return false;
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  if (decompressor == nullptr) return false;
  out.text.resize(promised);
  std::size_t used = 0, size = 0;
  const auto status = libdeflate_gzip_decompress_ex(decompressor.get(), packed.data(), packed.size(), out.text.data(),
                                                    out.text.size(), &used, &size);
  if (status == LIBDEFLATE_SUCCESS && used == packed.size() && size == promised) {
    out.size = size;
    return true;
  }
  out.text.clear();
  return false;
}

}  // namespace

std::unique_ptr<Unpacking> make_unpacking(Coding coding) {
  switch (coding) {
    case Coding::gzip:
    case Coding::deflate: return std::make_unique<Zlib>(coding);
    case Coding::brotli: return std::make_unique<Brotli>();
    case Coding::zstd: return std::make_unique<Zstd>();
    case Coding::compress: return std::make_unique<Lzw>();
    case Coding::unknown: break;
  }
  return nullptr;
}

// One coding and where its output goes: the next stage, or (last) the text.
struct Unpacker::Stage final : Unpacking::Output {
  Stage(Unpacker& unpacker, std::unique_ptr<Unpacking> unpacking, Stage* after)
      : owner(unpacker), coding(std::move(unpacking)), next(after) {}

  bool take(Bytes bytes) override {
    if (next == nullptr) return owner.keep(bytes);
    // What comes out between two codings is work too: a bomb may unpack to a bomb.
    return owner.spend(bytes.size()) && next->feed(bytes);
  }

  bool feed(Bytes bytes) {
    switch (coding->feed(bytes, *this)) {
      case Unpacking::Result::good: return true;
      case Unpacking::Result::bad: owner.fail(); return false;
      case Unpacking::Result::enough: return false;
    }
    return false;
  }

  Unpacker& owner;
  std::unique_ptr<Unpacking> coding;
  Stage* next;
};

Unpacker::Unpacker(const Codings& codings, std::size_t limit, Unpacked& out)
    : out_(out), limit_(limit), allowed_(limit) {
  out_.text.clear();
  out_.size = 0;
  out_.cut = out_.broken = false;
  // The coding applied first comes out last.
  for (std::size_t i = 0; i < codings.count; ++i) {
    auto coding = make_unpacking(codings.list[i]);
    if (coding == nullptr) {
      fail();
      return;
    }
    stages_.push_back(
        std::make_unique<Stage>(*this, std::move(coding), stages_.empty() ? nullptr : stages_.back().get()));
  }
}

Unpacker::~Unpacker() = default;

void Unpacker::feed(Bytes bytes) {
  if (stopped_ || bytes.empty()) return;
  fed_ = true;
  allowed_ += bytes.size() * most_growth;
  stages_.back()->feed(bytes);
}

void Unpacker::finish() {
  if (stopped_ || !fed_) return;
  const bool whole = std::all_of(stages_.begin(), stages_.end(), [](const auto& s) { return s->coding->finished(); });
  if (!whole) fail();
}

void Unpacker::fail() {
  out_.broken = out_.cut = stopped_ = true;
}

bool Unpacker::spend(std::size_t size) {
  if (size <= allowed_) {
    allowed_ -= size;
    return true;
  }
  out_.cut = stopped_ = true;
  return false;
}

bool Unpacker::keep(Bytes bytes) {
  const std::size_t room = limit_ - std::min(limit_, out_.text.size());
  out_.text.append(bytes.substr(0, room));
  out_.size += bytes.size();
  if (bytes.size() > room) out_.cut = true;
  return spend(bytes.size());
}

void unpack_whole(const Codings& codings, Bytes packed, std::size_t limit, Unpacked& out) {
  if (codings.count == 1 && codings.list[0] == Coding::gzip && unpack_gzip(packed, limit, out)) {
    out.cut = out.broken = false;
    return;
  }
  Unpacker unpacker(codings, limit, out);
  unpacker.feed(packed);
  unpacker.finish();
}

}  // namespace wiretape::http
