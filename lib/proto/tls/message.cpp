// SPDX-License-Identifier: Apache-2.0
#include "proto/tls/message.hpp"

#include <utility>

namespace wiretape::tls {
namespace {

// Chains have three or four.
constexpr std::size_t most_certificates = 32;

constexpr Fault broken_extensions = {Fault::Type::dissection, "The extensions cannot be read to their end"};

constexpr Label label_with(std::string_view version, std::string_view long_name) {
  return {.name = "tls", .version = version, .abbr = "TLS", .long_name = long_name, .macro = "tls"};
}
constexpr Label of_ssl2 = label_with("SSL 2.0", "Secure Sockets Layer 2.0");
constexpr Label of_ssl3 = label_with("SSL 3.0", "Secure Sockets Layer 3.0");
constexpr Label of_tls10 = label_with("1.0", "Transport Layer Security 1.0");
constexpr Label of_tls11 = label_with("1.1", "Transport Layer Security 1.1");
constexpr Label of_tls12 = label_with("1.2", "Transport Layer Security 1.2");
constexpr Label of_tls13 = label_with("1.3", "Transport Layer Security 1.3");
constexpr Label of_none = label_with("", "Transport Layer Security");
}  // namespace

constinit const std::array<const Label*, 7> labels = {&of_tls13, &of_tls12, &of_tls11, &of_tls10,
                                                      &of_ssl3,  &of_ssl2,  &of_none};

const Label& label_of(std::uint16_t version) {
  if (is_tls13(version)) return of_tls13;
  switch (version) {
    case 0x0303: return of_tls12;
    case 0x0302: return of_tls11;
    case 0x0301: return of_tls10;
    case 0x0300: return of_ssl3;
    case 0x0002: return of_ssl2;
    default: return of_none;
  }
}

const Label& open_label() {
  return of_none;
}

void HelloMessage::begin(Bytes bytes, const Hello& hello) {
  bytes_.assign(bytes);
  chain_.clear();
  hello_ = hello;
  version_ = NumberName(version_name(hello.version), hello.version);
  negotiated_ = NumberName(version_name(hello.negotiated), hello.negotiated);
  suite_ = NumberName(suite_name(hello.suite), hello.suite);
  certificates_.reset();
  size = 0;
  refusal = Refusal::none;
  fault = hello.whole ? Fault{} : broken_extensions;
}

const std::vector<Certificate>& HelloMessage::certificates() const {
  using State = Lazy<std::vector<Certificate>>::State;
  certificates_.get([this](std::vector<Certificate>& list) {
    list.clear();
    std::size_t seen = 0;
    each_certificate(chain_, [&](Bytes der) {
      if (auto certificate = read_certificate(der)) list.push_back(std::move(*certificate));
      return ++seen < most_certificates;
    });
    return list.empty() ? State::absent : State::ready;
  });
  return certificates_.value();
}

}  // namespace wiretape::tls
