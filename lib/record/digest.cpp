// SPDX-License-Identifier: Apache-2.0
#include "record/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace wiretape::record {
namespace {

constexpr std::string_view seal_member = R"(,"sha256":")";
constexpr std::size_t hex_length = 64;
constexpr std::string_view seal_end = "\"}\n";

}  // namespace

void Sha256::Free::operator()(void* context) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  // These fail for want of memory only.
  if (context_ == nullptr || EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_.get()), EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
}

Sha256::~Sha256() = default;

void Sha256::add(Bytes bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, hex_length / 2> hash{};
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), hash.data(), nullptr);
  std::string out;
  out.reserve(hex_length);
  for (const unsigned char byte : hash) {
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

std::string sha256_hex(Bytes bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex();
}

void seal(std::string& open_object) {
  const std::string hash = sha256_hex(open_object);
  open_object += seal_member;
  open_object += hash;
  open_object += seal_end;
}

bool is_sealed(std::string_view document) {
  constexpr std::size_t length = seal_member.size() + hex_length + seal_end.size();
  if (document.size() < length) return false;
  const std::string_view told = document.substr(0, document.size() - length);
  const std::string_view end = document.substr(told.size());
  return end.substr(0, seal_member.size()) == seal_member && end.substr(length - seal_end.size()) == seal_end &&
         end.substr(seal_member.size(), hex_length) == sha256_hex(told);
}

}  // namespace wiretape::record
