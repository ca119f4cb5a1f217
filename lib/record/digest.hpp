// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), and JSON documents that carry their own.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace wiretape::record {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(Bytes bytes);
  // 64 hexadecimal digits. The object is of no more use afterwards.
  std::string hex();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

std::string sha256_hex(Bytes bytes);

// Ends a JSON object that is open (its brace not yet closed, at least one member told) with the member `sha256`: the
// hash of all that stands before that member, its comma excluded. A newline follows.
void seal(std::string& open_object);
// Whether a document still is what was sealed.
bool is_sealed(std::string_view document);

}  // namespace wiretape::record
