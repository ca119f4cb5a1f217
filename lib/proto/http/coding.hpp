// SPDX-License-Identifier: Apache-2.0
// Content codings undone: gzip (RFC 1952), deflate (RFC 1950, and bare RFC 1951 as some send it), br (RFC 7932),
// zstd (RFC 8878), one over the other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "proto/http/http1_wire.hpp"

namespace wiretape::http {

// One coding undone as a stream of pieces.
class Unpacking {
 public:
  // Who takes what comes out; false: nothing more is wanted.
  struct Output {
    virtual bool take(Bytes bytes) = 0;

   protected:
    ~Output() = default;
  };
  enum class Result : std::uint8_t { good, bad, enough };

  Unpacking() = default;
  Unpacking(const Unpacking&) = delete;
  Unpacking& operator=(const Unpacking&) = delete;
  virtual ~Unpacking() = default;

  // bad: the bytes are not of this coding; what came out before stays. Bytes behind the end of the packed data are
  // passed over.
  virtual Result feed(Bytes bytes, Output& output) = 0;
  // The packed data ended with what was fed.
  [[nodiscard]] virtual bool finished() const = 0;
};

// Null for Coding::unknown.
std::unique_ptr<Unpacking> make_unpacking(Coding coding);

// What came out of a packed body.
struct Unpacked {
  std::string text;        // at most the limit
  std::uint64_t size = 0;  // of all that came out
  bool cut = false;        // text or size are less than there was: the limit, damaged or forged input
  bool broken = false;     // not, or not to the end, of the codings it was said to be in
};

// Undoes a chain of codings piece by piece.
//
// Forged input unpacks to any size. Time stays linear: what comes out is counted up to `limit` plus a hundred times
// what went in (honest text is packed 3 to 30 times), then unpacking stops and the result is cut.
class Unpacker {
 public:
  // Keeps the first `limit` bytes. `out` must outlive the unpacker.
  Unpacker(const Codings& codings, std::size_t limit, Unpacked& out);
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  void feed(Bytes bytes);
  void finish();  // nothing more comes: data that breaks off is broken

 private:
  struct Stage;
  bool keep(Bytes bytes);
  bool spend(std::size_t size);
  void fail();

  Unpacked& out_;
  std::size_t limit_;
  std::uint64_t allowed_;
  bool stopped_ = false;
  bool fed_ = false;
  std::vector<std::unique_ptr<Stage>> stages_;
};

// The same for a body that is whole, where one call is faster.
void unpack_whole(const Codings& codings, Bytes packed, std::size_t limit, Unpacked& out);

}  // namespace wiretape::http
