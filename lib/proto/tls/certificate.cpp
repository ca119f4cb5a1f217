// SPDX-License-Identifier: Apache-2.0
#include "proto/tls/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>

#include "base/endpoint.hpp"

namespace wiretape::tls {
namespace {

// Certificates of content networks have some hundred; more is an attack.
constexpr int most_alternatives = 512;

template <class T, auto release>
struct Release {
  void operator()(T* thing) const { release(thing); }
};
template <class T, auto release>
using Owned = std::unique_ptr<T, Release<T, release>>;

Bytes bytes_of(const ASN1_STRING* text) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  return {data, static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string text_of(const X509_NAME* name) {
  // Beyond ASCII as it is rather than as \xx: texts are UTF-8.
  constexpr unsigned long flags = XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  const Owned<BIO, BIO_free_all> out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, flags) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  std::array<char, 96> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900,
                                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string hex_of(const ASN1_INTEGER* number) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" : "";
  for (const char byte : bytes_of(number)) {
    const auto value = static_cast<std::uint8_t>(byte);
    text += digits[value >> 4U];
    text += digits[value & 15U];
  }
  return text;
}

std::string address_of(Bytes bytes) {
  if (bytes.size() == 4) return text(Address::v4_of(bytes));
  return bytes.size() == 16 ? text(Address::v6_of(bytes)) : std::string();
}

// "" for the kinds that are no text.
std::string alternative_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI: return std::string(bytes_of(name.d.ia5));
    case GEN_IPADD: return address_of(bytes_of(name.d.iPAddress));
    case GEN_DIRNAME: return text_of(name.d.directoryName);
    default: return {};
  }
}

std::vector<std::string> alternatives_of(const X509* certificate) {
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  if (!names) return texts;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && i < most_alternatives; ++i) {
    std::string name = alternative_of(*sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty()) texts.push_back(std::move(name));
  }
  return texts;
}

}  // namespace

std::optional<Certificate> read_certificate(Bytes der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const Owned<X509, X509_free> certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  std::optional<Certificate> read;
  if (certificate) {
    read = Certificate{.subject = text_of(X509_get_subject_name(certificate.get())),
                       .issuer = text_of(X509_get_issuer_name(certificate.get())),
                       .alternatives = alternatives_of(certificate.get()),
                       .not_before = date_of(X509_get0_notBefore(certificate.get())),
                       .not_after = date_of(X509_get0_notAfter(certificate.get())),
                       .serial = hex_of(X509_get0_serialNumber(certificate.get()))};
  }
  ERR_clear_error();  // OpenSSL keeps what failed for the thread
  return read;
}

}  // namespace wiretape::tls
