// SPDX-License-Identifier: Apache-2.0
#include "proto/ws/inflation.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace wiretape::ws {
namespace {

constexpr std::size_t piece_size = 16U << 10U;
constexpr std::uint64_t most_growth = 100;

// A message is sent without the empty block that ends it.
constexpr Bytes taken_off{"\x00\x00\xff\xff", 4};

constexpr Fault not_deflate = {Fault::Type::dissection, "the payload cannot be unpacked"};
constexpr Fault refers_to_unread = {Fault::Type::dissection,
                                    "the payload refers to a message that could not be unpacked"};
constexpr Fault refers_to_missing = {Fault::Type::incomplete,
                                     "the payload refers to messages that are missing in the capture"};

using Stream = std::unique_ptr<z_stream, void (*)(z_stream*)>;

void destroy(z_stream* stream) {
  inflateEnd(stream);
  delete stream;
}

// A negative number asks zlib for no frame around the data. Who agreed on 8 bits uses 9: zlib's own deflate does.
int bits_of(const Packing& packing) {
  return -std::max<int>(packing.window_bits, 9);
}

// Streams that wait to be used again, shared by all of a thread.
class StreamPool {
 public:
  Stream get(int bits) {
    if (!idle_.empty()) {
      Stream stream = std::move(idle_.back());
      idle_.pop_back();
      if (inflateReset2(stream.get(), bits) == Z_OK) return stream;
    }
    auto fresh = std::make_unique<z_stream>();
    if (inflateInit2(fresh.get(), bits) != Z_OK) return {nullptr, destroy};
    return {fresh.release(), destroy};
  }

  void put(Stream stream) {
    constexpr std::size_t most_idle = 16;
    if (idle_.size() < most_idle) idle_.push_back(std::move(stream));
  }

 private:
  std::vector<Stream> idle_;
};

thread_local StreamPool pool;

}  // namespace

Inflation::~Inflation() {
  release();
}

void Inflation::release() {
  if (stream_ != nullptr) pool.put(std::exchange(stream_, {nullptr, nullptr}));
}

bool Inflation::open() {
  if (stream_ == nullptr) {
    stream_ = pool.get(bits_of(packing_));
    return stream_ != nullptr;
  }
  return !renew_ || inflateReset(stream_.get()) == Z_OK;
}

void Inflation::begin(std::size_t limit) {
  allowed_ = limit;
  state_ = open() ? State::good : State::damaged;
  renew_ = false;
}

void Inflation::feed(Bytes packed, Kept& out) {
  if (state_ != State::good) return;
  allowed_ += packed.size() * most_growth;
  run(packed, &out);
}

// Without `out` nothing may come out.
void Inflation::run(Bytes packed, Kept* out) {
  std::array<char, piece_size> piece;  // filled by inflate
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream_->avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size(), std::numeric_limits<uInt>::max()));
  for (;;) {
    stream_->next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_->avail_out = static_cast<uInt>(piece.size());
    const int status = inflate(stream_.get(), Z_SYNC_FLUSH);
    const std::size_t size = piece.size() - stream_->avail_out;
    if (size != 0 && !take({piece.data(), size}, out)) return;
    if (status == Z_STREAM_END) {
      // A block said to be the last ends nothing here (section 7.2.3.5): the next one begins, with the same window.
      inflateResetKeep(stream_.get());
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      state_ = State::damaged;
      return;
    }
    // Output that filled the piece may have more behind it.
    if (stream_->avail_in == 0 && stream_->avail_out != 0) return;
  }
}

bool Inflation::take(Bytes plain, Kept* out) {
  if (out == nullptr) {
    state_ = State::damaged;
    return false;
  }
  out->append(plain);
  const bool too_much = plain.size() > allowed_;
  if (too_much) out->cut();
  if (too_much || (out->is_cut() && packing_.context == Context::fresh)) state_ = State::enough;
  allowed_ -= std::min<std::uint64_t>(plain.size(), allowed_);
  return state_ == State::good;
}

Fault Inflation::finish(Kept& out) {
  if (state_ == State::good) {
    constexpr int between_blocks = 128;
    run(taken_off, nullptr);
    if (state_ == State::good && (stream_->data_type & between_blocks) == 0) state_ = State::damaged;
  }
  Fault fault;
  if (state_ == State::damaged) {
    out.cut();
    if (before_ != Before::known) out.clear();
    fault = before_ == Before::missing ? refers_to_missing : before_ == Before::unread ? refers_to_unread : not_deflate;
  }
  if (state_ != State::good) {
    renew_ = true;
    if (before_ == Before::known) before_ = Before::unread;
  }
  if (packing_.context == Context::fresh) {
    before_ = Before::known;
    release();
  }
  return fault;
}

void Inflation::lose() {
  state_ = State::lost;
  if (packing_.context == Context::fresh) return release();
  before_ = Before::missing;
  renew_ = true;
}

}  // namespace wiretape::ws
