// SPDX-License-Identifier: Apache-2.0
// What people ask of an X.509 certificate (RFC 5280).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace wiretape::tls {

struct Certificate {
  std::string subject;                    // as RFC 4514 writes names: "CN=example.com,O=Example"
  std::string issuer;                     // the same
  std::vector<std::string> alternatives;  // of the subject: names, addresses, URIs; bounded
  std::string not_before;                 // RFC 3339, UTC; "" when it is no date
  std::string not_after;
  std::string serial;  // lower-case hex, "-" in front of a negative one
};

// Nothing when `der` is no certificate.
std::optional<Certificate> read_certificate(Bytes der);

}  // namespace wiretape::tls
