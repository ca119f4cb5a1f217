// SPDX-License-Identifier: Apache-2.0
// A half of a TLS handshake: the hello of a client, or of a server with what follows it in clear.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/lazy.hpp"
#include "entry/entry.hpp"
#include "proto/tls/certificate.hpp"
#include "proto/tls/registry.hpp"
#include "proto/tls/wire.hpp"

namespace wiretape::tls {

// That of a version; a client's hello leaves it open, so its label has none.
const Label& label_of(std::uint16_t version);
const Label& open_label();
extern const std::array<const Label*, 7> labels;

// Its bytes and where things are in them; texts are made when somebody asks. Texts that it hands out live as long as
// it is not used again.
class HelloMessage final : public Message {
 public:
  // Begins a new message: `bytes` are what the parts of `hello` are places in.
  void begin(Bytes bytes, const Hello& hello);

  // The body of the certificate message, as far as it was kept.
  void add_certificates(Bytes body) { chain_.assign(body); }

  [[nodiscard]] const Hello& hello() const { return hello_; }
  [[nodiscard]] Bytes bytes(Part part) const { return part.of(bytes_); }
  [[nodiscard]] std::string_view version() const { return version_.text(); }  // of the hello's field
  [[nodiscard]] std::string_view negotiated() const { return negotiated_.text(); }
  [[nodiscard]] std::string_view suite() const { return suite_.text(); }

  // Read at the first call. Those that are none are left out.
  [[nodiscard]] const std::vector<Certificate>& certificates() const;

  [[nodiscard]] std::size_t memory() const { return bytes_.capacity() + chain_.capacity(); }

 private:
  std::string bytes_;
  std::string chain_;
  Hello hello_;
  NumberName version_, negotiated_, suite_;
  mutable Lazy<std::vector<Certificate>> certificates_;
};

}  // namespace wiretape::tls
