// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "proto/support/tls_talk.hpp"
#include "proto/tls/certificate.hpp"
#include "proto/tls/handshake.hpp"
#include "proto/tls/registry.hpp"
#include "proto/tls/wire.hpp"

namespace wiretape::tls {
namespace {

using test::bytes_of;
using test::extension;
using test::sized;

TEST_SUITE("tls wire") {
  TEST_CASE("numbers have the names of the registries; others are digits: number -> name") {
    const struct {
      std::string_view known;
      std::uint16_t number;
      std::string name;
    } rows[] = {
        {suite_name(0x0000), 0x0000, "TLS_NULL_WITH_NULL_NULL"},
        {suite_name(0x1301), 0x1301, "TLS_AES_128_GCM_SHA256"},
        {suite_name(0xd005), 0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"},
        {suite_name(0xfffe), 0xfffe, "0xfffe"},
        {suite_name(0x0a0a), 0x0a0a, "GREASE"},
        {suite_name(0xfafa), 0xfafa, "GREASE"},
        {suite_name(0x1a2a), 0x1a2a, "0x1a2a"},
        {extension_name(65281), 65281, "renegotiation_info"},
        {extension_name(17513), 17513, "0x4469"},
        {version_name(0x0300), 0x0300, "SSL 3.0"},
        {version_name(0x7f1c), 0x7f1c, "TLS 1.3 (draft 28)"},
        {version_name(0x7f1d), 0x7f1d, "0x7f1d"},
        {version_name(0x7f0d), 0x7f0d, "0x7f0d"},
    };
    for (const auto& row : rows) CHECK(NumberName(row.known, row.number).text() == row.name);
    CHECK(NumberName().text().empty());
    CHECK(alert_name(48) == "unknown_ca");
    CHECK(alert_name(255).empty());
  }

  TEST_CASE("what is a record: bytes -> whether") {
    const struct {
      std::string bytes;
      bool is;
    } rows[] = {
        {"16 0301 0200", true},  {"14 0303 0001", true},  {"18 0303 0003", true},  {"13 0303 0001", false},
        {"19 0303 0001", false}, {"16 0201 0200", false}, {"16 0303 4800", true},  {"16 0303 4801", false},
        {"16 0303 00", false},   {"'GET /'", false},      {"16 fefd 0001", false}, {"", false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.bytes);
      CHECK(read_record_header(bytes_of(row.bytes)).has_value() == row.is);
    }
  }

  TEST_CASE("a client's hello is read whole") {
    const std::string body =
        test::client_hello(test::server_name("shop.example") + test::protocols({"h2", "http/1.1"}) +
                           extension(43, bytes_of("04 0304 0303")));
    const auto hello = read_client_hello(body);
    REQUIRE(hello);
    CHECK(hello->whole);
    CHECK(hello->version == 0x0303);
    CHECK(hello->suites.of(body) == bytes_of("1301 c02f"));
    CHECK(hello->server_name.of(body) == "shop.example");
    CHECK(hello->protocols.of(body) == sized(1, "h2") + sized(1, "http/1.1"));
    CHECK(hello->versions.of(body) == bytes_of("0304 0303"));
  }

  TEST_CASE("wherever a hello breaks off, nothing behind the end is read") {
    const std::string body = test::client_hello(test::server_name("shop.example") + test::protocols({"h2"}));
    const std::size_t before_extensions = body.size() - test::server_name("shop.example").size() - 9 - 2;
    for (std::size_t size = 0; size < body.size(); ++size) {
      CAPTURE(size);
      const std::string start = body.substr(0, size);
      const auto hello = read_client_hello(start);
      CHECK(hello.has_value() == (size >= before_extensions));
      if (hello) CHECK(hello->whole == (size == before_extensions));  // hellos may end there
      if (hello) CHECK(hello->extensions.at + hello->extensions.size <= size);
      read_server_hello(start);
    }
  }

  TEST_CASE("lengths that lie: client's hello -> whether it is read, and whole") {
    const std::string front = bytes_of("0303") + std::string(32, 'R');
    const struct {
      std::string situation, body;
      bool read, whole;
    } rows[] = {
        {"a session longer than the hello", front + bytes_of("ff 00"), false, false},
        {"suites longer than the hello", front + bytes_of("00 ffff 1301"), false, false},
        {"half a suite", front + bytes_of("00 0003 130100 01 00"), true, true},
        {"no suites", front + bytes_of("00 0000 01 00"), true, true},
        {"extensions longer than the hello", front + bytes_of("00 0002 1301 01 00 ffff"), true, false},
        {"an extension longer than the list", front + bytes_of("00 0002 1301 01 00 0005 0000 0002 00"), true, false},
        {"a name longer than its extension", front + bytes_of("00 0002 1301 01 00 0009 0000 0005 0003 00 ffff"), true,
         true},
        {"bytes behind the extensions", front + bytes_of("00 0002 1301 01 00 0000 ff"), true, true},
        {"another version", bytes_of("0403") + std::string(32, 'R') + bytes_of("00 0002 1301 01 00"), false, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      const auto hello = read_client_hello(row.body);
      CHECK(hello.has_value() == row.read);
      if (hello) CHECK(hello->whole == row.whole);
      if (hello) CHECK(hello->server_name.of(row.body).empty());
    }
  }

  TEST_CASE("what a server chooses: hello -> version, suite, whether it asks again") {
    const struct {
      std::string situation, body;
      std::uint16_t version, suite;
      bool asks_again;
    } rows[] = {
        {"TLS 1.2", test::server_hello(""), 0x0303, 0xc02f, false},
        {"TLS 1.0 without extensions", bytes_of("0301") + std::string(32, 'S') + bytes_of("00 002f 00"), 0x0301, 0x2f,
         false},
        {"TLS 1.3", test::server_hello(test::version_13, "1301"), 0x0304, 0x1301, false},
        {"TLS 1.3, again", test::server_hello(test::version_13, "1302", "0303", test::retry_random), 0x0304, 0x1302,
         true},
        {"draft 18, without a session", bytes_of("7f12") + std::string(32, 'S') + bytes_of("1301 0000"), 0x7f12, 0x1301,
         false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      const auto hello = read_server_hello(row.body);
      REQUIRE(hello);
      CHECK(hello->whole);
      CHECK(hello->negotiated == row.version);
      CHECK(hello->suite == row.suite);
      CHECK(hello->asks_again == row.asks_again);
    }
  }

  TEST_CASE("the hello of SSL 2: bytes -> whether it is one") {
    const std::string challenge(16, 'C');
    const struct {
      std::string situation, bytes;
      bool is;
    } rows[] = {
        {"offers TLS 1.0", bytes_of("801f 01 0301 0006 0000 0010 00002f 010080") + challenge, true},
        {"a length that does not fit its parts", bytes_of("8020 01 0301 0006 0000 0010 00002f 010080") + challenge,
         false},
        {"half a suite", bytes_of("801e 01 0301 0005 0000 0010 00002f 0100") + challenge, false},
        {"another message", bytes_of("801f 02 0301 0006 0000 0010 00002f 010080") + challenge, false},
        {"another version", bytes_of("801f 01 0401 0006 0000 0010 00002f 010080") + challenge, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      CHECK(read_old_hello(row.bytes).has_value() == row.is);
      CHECK(!read_old_hello(row.bytes.substr(0, row.bytes.size() - 1)));
    }
  }

  TEST_CASE("a message is the same in fragments of any size") {
    const std::string first = test::handshake(11, test::certificates({"one", "two"}));
    const std::string second = test::handshake(14, "");
    for (std::size_t piece = 1; piece <= first.size() + second.size(); ++piece) {
      CAPTURE(piece);
      std::string left = first + second;
      Handshake message;
      std::vector<std::string> bodies;
      while (!left.empty()) {
        left.erase(0, message.take(Bytes(left).substr(0, piece)));
        if (!message.whole()) continue;
        bodies.emplace_back(message.body());
        message.clear();
      }
      CHECK(bodies == std::vector<std::string>{first.substr(4), ""});
    }
  }

  TEST_CASE("of a message only so much is kept: header -> kept of a mebibyte") {
    const struct {
      std::string situation, header;
      bool too_long, cut;
      std::size_t kept;
    } rows[] = {
        {"a hello of 64 KiB", "01 010000", false, false, 64U << 10U}, {"a longer hello", "02 010001", true, false, 0},
        {"certificates", "0b 100000", false, true, 128U << 10U},      {"keys", "0c 100000", false, false, 0},
        {"longer than anything", "0c 100001", true, false, 0},
    };
    for (const auto& row : rows) {
      CAPTURE(row.situation);
      Handshake message;
      message.take(bytes_of(row.header));
      CHECK(message.too_long() == row.too_long);
      CHECK(message.cut() == row.cut);
      if (row.too_long) continue;
      while (!message.whole()) message.take(std::string(1000, 'x'));
      CHECK(message.body().size() == row.kept);
    }
  }

  TEST_CASE("certificates are listed as far as they can be read") {
    std::vector<std::string> seen;
    const auto list = [&](Bytes body) {
      seen.clear();
      each_certificate(body, [&](Bytes der) {
        seen.emplace_back(der);
        return true;
      });
      return seen;
    };
    using Texts = std::vector<std::string>;
    CHECK(list(test::certificates({"one", "", "two"})) == Texts{"one", "", "two"});
    CHECK(list(bytes_of("000009 000003 'one' ffffff 'two'")) == Texts{"one"});
    CHECK(list(bytes_of("0000")).empty());
  }

  TEST_CASE("a certificate says whose it is, who signed it, and when it is valid") {
    const auto shop = read_certificate(test::shop_der);
    REQUIRE(shop);
    CHECK(shop->subject == "CN=shop.example,O=M\xc3\xbcller\\, S\xc3\xb6hne");
    CHECK(shop->issuer == shop->subject);
    CHECK(shop->alternatives == std::vector<std::string>{"shop.example", "*.shop.example", "192.0.2.1", "2001:db8::1",
                                                         "https://shop.example/", "me@shop.example"});
    CHECK(shop->not_before == "2026-11-24T13:08:43Z");
    CHECK(shop->not_after == "2036-11-21T13:08:43Z");
    CHECK(shop->serial == "04d2");
  }

  TEST_CASE("a certificate that breaks off is none") {
    for (std::size_t size = 0; size < test::shop_der.size(); ++size) {
      CHECK(!read_certificate(Bytes(test::shop_der).substr(0, size)));
    }
  }
}

}  // namespace
}  // namespace wiretape::tls
