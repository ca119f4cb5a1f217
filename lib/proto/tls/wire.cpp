// SPDX-License-Identifier: Apache-2.0
#include "proto/tls/wire.hpp"

namespace wiretape::tls {
namespace {

enum class ExtensionType : std::uint16_t { server_name = 0, protocols = 16, versions = 43 };

constexpr std::size_t random_size = 32;

// The random of a HelloRetryRequest: SHA-256 of that word (RFC 8446 section 4.1.3).
constexpr Bytes retry_random(
    "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91"
    "\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C",
    random_size);

// Up to draft 21 a server's hello had neither a session nor a compression.
constexpr bool is_short_draft(std::uint16_t version) {
  return version >= 0x7f00 && version <= 0x7f15;
}

Part part(Bytes body, Bytes inner) {
  return {.at = static_cast<std::uint32_t>(inner.data() - body.data()),
          .size = static_cast<std::uint32_t>(inner.size())};
}

Bytes host_name_of(Bytes data) {
  constexpr std::uint8_t host_name = 0;
  Cursor list(data);
  Cursor in(list.take(list.be16()));
  if (in.u8() != host_name) return {};
  return in.take(in.be16());
}

Bytes protocols_of(Bytes data) {
  Cursor in(data);
  return in.take(in.be16());
}

void note_extension(Hello& hello, Bytes body, std::uint16_t type, Bytes data) {
  const auto place = [&](Bytes inner) { return inner.empty() ? Part{} : part(body, inner); };
  switch (static_cast<ExtensionType>(type)) {
    case ExtensionType::server_name: hello.server_name = place(host_name_of(data)); break;
    case ExtensionType::protocols: hello.protocols = place(protocols_of(data)); break;
    case ExtensionType::versions: {
      if (data.size() == 2) {  // a server's choice
        hello.negotiated = Cursor(data).be16();
        break;
      }
      Cursor in(data);
      hello.versions = place(in.take(in.u8()));
      break;
    }
    default: break;
  }
}

void read_extensions(Hello& hello, Bytes body, Cursor& in) {
  if (in.left() == 0) return;  // they came with TLS 1.0
  const std::uint16_t length = in.be16();
  const Bytes list = in.rest().substr(0, length);
  std::size_t used = 0;
  each_extension(list, [&](std::uint16_t type, Bytes data) {
    used += 4 + data.size();
    note_extension(hello, body, type, data);
    return true;
  });
  hello.extensions = list.empty() ? Part{} : part(body, list.substr(0, used));
  hello.whole = in.ok() && used == length;
}

bool is_version(std::uint16_t version) {
  return version >> 8U == 3 || version >> 8U == 0x7f;
}

}  // namespace

std::optional<RecordHeader> read_record_header(Bytes bytes) {
  Cursor in(bytes);
  const std::uint8_t type = in.u8();
  const std::uint16_t version = in.be16();
  const std::uint16_t length = in.be16();
  const bool known = type >= static_cast<std::uint8_t>(ContentType::change_cipher_spec) &&
                     type <= static_cast<std::uint8_t>(ContentType::heartbeat);
  if (!in.ok() || !known || version >> 8U != 3 || length > longest_fragment) return std::nullopt;
  return RecordHeader{.type = static_cast<ContentType>(type), .version = version, .length = length};
}

std::optional<Hello> read_client_hello(Bytes body) {
  Hello hello;
  Cursor in(body);
  hello.version = in.be16();
  in.skip(random_size);
  in.skip(in.u8());
  const Bytes suites = in.take(in.be16());
  in.skip(in.u8());
  if (!in.ok() || !is_version(hello.version)) return std::nullopt;
  if (!suites.empty()) hello.suites = part(body, suites);
  read_extensions(hello, body, in);
  hello.negotiated = 0;
  return hello;
}

std::optional<Hello> read_server_hello(Bytes body) {
  Hello hello;
  Cursor in(body);
  hello.version = hello.negotiated = in.be16();
  const bool is_short = is_short_draft(hello.version);
  hello.asks_again = in.take(random_size) == retry_random;
  if (!is_short) in.skip(in.u8());
  hello.suite = in.be16();
  if (!is_short) in.u8();
  if (!in.ok() || !is_version(hello.version)) return std::nullopt;
  read_extensions(hello, body, in);
  return hello;
}

std::optional<OldHello> read_old_header(Bytes bytes) {
  constexpr std::uint16_t mark = 0x8000, least_challenge = 16, most_challenge = 32;
  Cursor in(bytes);
  const std::uint16_t head = in.be16();
  const std::uint8_t type = in.u8();
  const std::uint16_t version = in.be16();
  const std::uint16_t suites = in.be16();
  const std::uint16_t session = in.be16();
  const std::uint16_t challenge = in.be16();
  if (!in.ok() || (head & mark) == 0 || type != static_cast<std::uint8_t>(HandshakeType::client_hello)) return {};
  if (version != 2 && (version < 0x0300 || version > 0x0303)) return {};
  if (suites == 0 || suites % 3 != 0 || (session != 0 && session != 16)) return {};
  if (challenge < least_challenge || challenge > most_challenge) return {};
  const std::size_t size = old_header_size + suites + session + challenge;
  if (size != 2U + (head & ~mark)) return {};
  return OldHello{.size = size, .version = version};
}

std::optional<Hello> read_old_hello(Bytes bytes) {
  const auto header = read_old_header(bytes);
  if (!header || bytes.size() < header->size) return std::nullopt;
  Cursor in(bytes);
  in.skip(5);
  const std::uint16_t suites = in.be16();
  return Hello{.version = header->version,
               .suite_size = 3,
               .suites = {.at = static_cast<std::uint32_t>(old_header_size), .size = suites}};
}

}  // namespace wiretape::tls
