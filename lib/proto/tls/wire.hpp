// SPDX-License-Identifier: Apache-2.0
// TLS in clear as bytes: RFC 8446 sections 4.1, 4.2 and 5.1, RFC 5246 for what came before, RFC 6101 appendix E for the
// hello of SSL 2. Knows neither streams nor entries.
//
//   record      := type:8 version:16 length:16 fragment        fragments of one type are a stream of their own
//   handshake   := type:8 length:24 body
//   clientHello := version:16 random*32 session<8> suites<16> compressions<8> [ extensions<16> ]
//   serverHello := version:16 random*32 session<8> suite:16 compression:8 [ extensions<16> ]
//   extension   := type:16 data<16>
//   certificate := list<24> of der<24>
//   oldHello    := 1b length:15 1:8 version:16 suites:16 session:16 challenge:16 then these three; a suite is 24 bits
//   x<n>        := length:n x
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace wiretape::tls {

// What a client of PostgreSQL says first to get TLS, and the server's one octet of consent:
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
inline constexpr Bytes postgres_request("\x00\x00\x00\x08\x04\xD2\x16\x2F", 8);
inline constexpr char postgres_consent = 'S';

enum class ContentType : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
  heartbeat = 24
};

enum class HandshakeType : std::uint8_t {
  client_hello = 1,
  server_hello = 2,
  certificate = 11,
  server_hello_done = 14,
};

inline constexpr std::size_t record_header_size = 5;
inline constexpr std::size_t handshake_header_size = 4;
// What a fragment may have grown to by encryption: RFC 5246 section 6.2.3.
inline constexpr std::size_t longest_fragment = (1U << 14U) + 2048;

struct RecordHeader {
  ContentType type;
  std::uint16_t version;
  std::uint16_t length;
};

// Of at least record_header_size bytes; nothing when they are no record of SSL 3 or TLS.
std::optional<RecordHeader> read_record_header(Bytes bytes);

// A place in the bytes of a message, so that the message can move.
struct Part {
  std::uint32_t at = 0;
  std::uint32_t size = 0;

  [[nodiscard]] Bytes of(Bytes bytes) const { return bytes.substr(at, size); }
};

struct Hello {
  std::uint16_t version = 0;     // as its field says, which from TLS 1.3 on is a constant
  std::uint16_t negotiated = 0;  // of a server: by its extension supported_versions, else the same
  std::uint16_t suite = 0;       // of a server
  std::size_t suite_size = 2;    // 3 in the hello of SSL 2
  bool asks_again = false;       // of a server: HelloRetryRequest
  bool whole = true;             // false: its extensions cannot be read to their end
  Part suites = {};              // of a client
  Part extensions = {};
  Part server_name = {};  // the host name in it
  Part protocols = {};    // of ALPN: names, each behind a length of 8 bits
  Part versions = {};     // of a client: supported_versions
};

// The body of a handshake message. Nothing when the parts that every hello has are not there.
std::optional<Hello> read_client_hello(Bytes body);
std::optional<Hello> read_server_hello(Bytes body);

// A hello of SSL 2 that offers later versions, from its length on; `size` bytes in all.
struct OldHello {
  std::size_t size = 0;
  std::uint16_t version = 0;
};
// Of at least old_header_size bytes; nothing when they are not the start of one.
inline constexpr std::size_t old_header_size = 11;
std::optional<OldHello> read_old_header(Bytes bytes);
// Of all its bytes.
std::optional<Hello> read_old_hello(Bytes bytes);

constexpr bool is_tls13(std::uint16_t version) {
  return version == 0x0304 || version >> 8U == 0x7fU;  // 7f: drafts of it
}

// Lists that are walked in place, as far as they can be read; `use` returns whether to go on.
template <class Use>
void each_number(Bytes list, Use&& use) {
  Cursor in(list);
  while (in.left() >= 2 && use(in.be16())) {
  }
}

template <class Use>
void each_extension(Bytes list, Use&& use) {
  Cursor in(list);
  while (in.left() != 0) {
    const std::uint16_t type = in.be16();
    const Bytes data = in.take(in.be16());
    if (!in.ok() || !use(type, data)) return;
  }
}

template <class Use>
void each_protocol(Bytes list, Use&& use) {
  Cursor in(list);
  while (in.left() != 0) {
    const Bytes name = in.take(in.u8());
    if (!in.ok() || !use(name)) return;
  }
}

// The certificates in the body of a certificate message, each as DER.
template <class Use>
void each_certificate(Bytes body, Use&& use) {
  Cursor in(body);
  in.be24();
  while (in.left() != 0) {
    const Bytes der = in.take(in.be24());
    if (!in.ok() || !use(der)) return;
  }
}

}  // namespace wiretape::tls
