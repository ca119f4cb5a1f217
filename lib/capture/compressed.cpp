// SPDX-License-Identifier: Apache-2.0
#include "capture/compressed.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>
#include <vector>

#include "base/zstd_frames.hpp"

namespace wiretape::capture {
namespace {

constexpr std::size_t read_size = 256U << 10U;

// zstd asks for what its frame header says; this is what `zstd --long` may need at most before it has to be told.
constexpr int largest_zstd_window = 27;  // 128 MiB

// What has been read of the compressed file and not been decompressed yet.
class Compressed {
 public:
  Compressed(std::unique_ptr<Input> from, std::string name)
      : from_(std::move(from)), name_(std::move(name)), buffer_(read_size) {}

  // Reads on where everything has been used. False at the end.
  Result<bool> fill() {
    if (begin_ != end_) return true;
    const auto count = from_->read(buffer_.data(), buffer_.size());
    if (!count) return count.error();
    begin_ = 0;
    end_ = *count;
    return *count != 0;
  }
  [[nodiscard]] std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void use(std::size_t count) { begin_ += count; }

  [[nodiscard]] Error cut() const {
    return {.kind = ErrorKind::input, .message = fmt::format("{} is cut off: its compressed data does not end", name_)};
  }
  [[nodiscard]] Error damaged(std::string_view reason) const {
    return {.kind = ErrorKind::input, .message = fmt::format("{} is damaged: {}", name_, reason)};
  }

 private:
  std::unique_ptr<Input> from_;
  std::string name_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class GzipInput final : public Input {
 public:
  GzipInput(std::unique_ptr<Input> from, std::string name) : compressed_(std::move(from), std::move(name)) {
    constexpr int gzip_only = 16 + MAX_WBITS;
    usable_ = inflateInit2(&stream_, gzip_only) == Z_OK;
  }
  ~GzipInput() override { inflateEnd(&stream_); }

  Result<std::size_t> read(char* to, std::size_t size) override {
    if (!usable_) return compressed_.damaged("no memory to decompress it");
    const auto wanted = static_cast<uInt>(std::min<std::size_t>(size, UINT_MAX));
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = wanted;
    while (stream_.avail_out == wanted) {
      if (const int status = step(); status != Z_OK && status != Z_BUF_ERROR) {
        return compressed_.damaged(stream_.msg != nullptr ? stream_.msg : "its gzip data is not valid");
      }
      if (stream_.avail_out != wanted) break;
      const auto more = compressed_.fill();
      if (!more) return more.error();
      if (!*more) return member_open_ ? Result<std::size_t>(compressed_.cut()) : std::size_t{0};
    }
    return std::size_t{wanted - stream_.avail_out};
  }

 private:
  // A gzip file is a sequence of members (RFC 1952 section 2.2). Without input, an open one may still have output.
  int step() {
    const std::string_view rest = compressed_.rest();
    if (rest.empty() && !member_open_) return Z_OK;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    stream_.avail_in = static_cast<uInt>(rest.size());
    member_open_ = true;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    compressed_.use(rest.size() - stream_.avail_in);
    if (status != Z_STREAM_END) return status;
    member_open_ = false;
    return inflateReset(&stream_);
  }

  Compressed compressed_;
  z_stream stream_{};
  bool usable_ = false;
  bool member_open_ = false;
};

class ZstdInput final : public Input {
 public:
  ZstdInput(std::unique_ptr<Input> from, std::string name)
      : compressed_(std::move(from), std::move(name)), stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (stream_) ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, largest_zstd_window);
  }

  Result<std::size_t> read(char* to, std::size_t size) override {
    if (!stream_) return compressed_.damaged("no memory to decompress it");
    ZSTD_outBuffer out = {.dst = to, .size = size, .pos = 0};
    while (out.pos == 0) {
      if (const std::size_t status = step(out); ZSTD_isError(status) != 0) {
        return compressed_.damaged(ZSTD_getErrorName(status));
      }
      if (!standard_) return compressed_.damaged("what follows is no zstd frame");
      if (out.pos != 0) break;
      const auto more = compressed_.fill();
      if (!more) return more.error();
      if (!*more) return frame_open_ ? Result<std::size_t>(compressed_.cut()) : std::size_t{0};
    }
    return out.pos;
  }

 private:
  // A zstd file is a sequence of frames. Without input, an open one may still have output.
  std::size_t step(ZSTD_outBuffer& out) {
    const std::string_view rest = compressed_.rest();
    if (rest.empty() && !frame_open_) return 0;
    standard_ = standard_ && frames_.accept(rest);
    if (!standard_) return 0;
    ZSTD_inBuffer in = {.src = rest.data(), .size = rest.size(), .pos = 0};
    const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in);
    compressed_.use(in.pos);
    frame_open_ = status != 0;
    if (!frame_open_) frames_.ended();
    return status;
  }

  Compressed compressed_;
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  ZstdFrames frames_;
  bool frame_open_ = false;
  bool standard_ = true;
};

template <class T>
std::unique_ptr<Input> make(std::unique_ptr<Input> from, std::string name) {
  return std::make_unique<T>(std::move(from), std::move(name));
}

struct Format {
  std::string_view magic;
  Decompressor open;
};

constexpr std::array<Format, 2> formats = {{
    {.magic = "\x1f\x8b", .open = make<GzipInput>},
    {.magic = "\x28\xb5\x2f\xfd", .open = make<ZstdInput>},
}};

}  // namespace

Decompressor decompressor_of(std::string_view start) {
  for (const Format& format : formats) {
    if (start.starts_with(format.magic)) return format.open;
  }
  return nullptr;
}

}  // namespace wiretape::capture
