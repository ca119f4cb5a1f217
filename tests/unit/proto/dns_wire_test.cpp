// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "proto/dns/data.hpp"
#include "proto/dns/registry.hpp"
#include "proto/dns/wire.hpp"
#include "proto/support/hex.hpp"

namespace wiretape::dns {
namespace {

using test::bytes_of;

std::string name_at(const std::string& message, std::size_t at) {
  std::string out;
  return read_name(message, at, &out) ? out : "malformed";
}

// The data of a record that stands behind 12 bytes of header with the name "a.example." at offset 12.
std::string data_of(std::uint16_t type, std::string_view data, std::uint16_t klass = 1, std::uint32_t ttl = 0) {
  const std::string bytes = bytes_of(data);
  const std::string message = std::string(header_size, '\0') + bytes_of("01 'a' 07 'example' 00") + bytes;
  const std::size_t begins = message.size() - bytes.size();
  std::string out;
  append_data(out, message,
              {.name = 12,
               .type = type,
               .klass = klass,
               .ttl = ttl,
               .data = begins,
               .length = bytes.size(),
               .end = message.size()});
  return out;
}

TEST_SUITE("dns wire") {
  TEST_CASE("a name is its labels with dots between") {
    const struct {
      std::string wire;
      std::size_t at;
      std::string name;
    } rows[] = {
        {"03 'www' 07 'example' 00", 0, "www.example"},
        {"00", 0, "<Root>"},
        {"07 'example' 00 03 'www' c000", 9, "www.example"},
        {"03 'a.b' 02 'c\\' 00", 0, "a\\.b.c\\\\"},
        {"05 'a' 00 20 7f 1f 00", 0, "a\\000\\032\\127\\031"},
        {"02 c3a9 00", 0, "\xc3\xa9"},
        {"03 'AbC' 00", 0, "AbC"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.wire);
      CHECK(name_at(bytes_of(row.wire), row.at) == row.name);
    }
  }

  TEST_CASE("a name that cannot be read is none") {
    const struct {
      std::string why, wire;
      std::size_t at;
    } rows[] = {
        {"it ends within a label", "03 'ww'", 0},
        {"it has no end", "03 'www'", 0},
        {"a pointer to itself", "c000", 0},
        {"a pointer forwards", "c002 00", 0},
        {"a pointer to the labels before it", "01 'a' c000", 0},
        {"two pointers to each other", "c002 c000", 2},
        {"half a pointer", "c0", 0},
        {"a kind of label that was given up", "41 'a' 00", 0},
        {"nothing at all", "", 0},
    };
    for (const auto& row : rows) {
      CAPTURE(row.why);
      CHECK(name_at(bytes_of(row.wire), row.at) == "malformed");
    }
  }

  TEST_CASE("a name has at most 255 octets, with pointers too") {
    const std::string label = std::string(1, '\x3f') + std::string(63, 'a');
    const std::string shorter = std::string(1, '\x3d') + std::string(61, 'a');
    CHECK(name_at(label + label + label + shorter + std::string(1, '\0'), 0).size() == 253);
    CHECK(name_at(label + label + label + label + std::string(1, '\0'), 0) == "malformed");
    const std::string half = label + label + std::string(1, '\0');
    CHECK(name_at(half + label + label + bytes_of("c000"), half.size()) == "malformed");
  }

  TEST_CASE("pointers to pointers end after as many as a name has labels") {
    std::string chain(1, '\0');
    chain += std::string(1, '\0');
    for (unsigned i = 0; i < 200; ++i) {
      const unsigned target = i == 0 ? 0 : i * 2;
      chain += static_cast<char>(0xC0U | target >> 8U);
      chain += static_cast<char>(target & 0xFFU);
    }
    CHECK(name_at(chain, 2 + 2 * 100) == "<Root>");
    CHECK(name_at(chain, 2 + 2 * 199) == "malformed");
  }

  TEST_CASE("equal questions have equal numbers, whatever the case of their names") {
    const auto number = [](std::string_view question) {
      const std::string message = bytes_of("1234 0100 0001 0000 0000 0000") + bytes_of(question);
      return question_hash(message, lay_out(message, *read_header(message)));
    };
    CHECK(number("01 'a' 00 0001 0001") == number("01 'A' 00 0001 0001"));
    CHECK(number("01 'a' 00 0001 0001") != number("01 'b' 00 0001 0001"));
    CHECK(number("01 'a' 00 0001 0001") != number("01 'a' 00 001c 0001"));
  }

  TEST_CASE("a message is laid out as far as it can be read") {
    const std::string whole = bytes_of(
        "1234 8180 0001 0002 0000 0000 | 01 'a' 00 0001 0001 | c00c 0001 0001 0000003c 0004 0a000001 | "
        "c00c 0001 0001 0000003c 0004 0a000002");
    const Header header = *read_header(whole);
    CHECK(lay_out(whole, header).whole);
    CHECK(lay_out(whole, header).end == whole.size());
    for (std::size_t cut = header_size; cut < whole.size(); ++cut) {
      CAPTURE(cut);
      const Layout layout = lay_out(whole.substr(0, cut), header);
      CHECK(!layout.whole);
      CHECK(layout.counts[0] == (cut >= 19 ? 1 : 0));
      CHECK(layout.counts[1] == (cut >= 35 ? 1 : 0));
    }
  }

  TEST_CASE("data reads as in a master file") {
    const struct {
      std::uint16_t type;
      std::string wire, text;
    } rows[] = {
        {Types::a, "0a000102", "10.0.1.2"},
        {Types::aaaa, "20010db8 00000000 00000000 00000001", "2001:db8::1"},
        {Types::ns, "03 'ns1' c00c", "ns1.a.example"},
        {Types::cname, "c00c", "a.example"},
        {Types::ptr, "00", "<Root>"},
        {Types::mx, "000a 04 'mail' c00e", "10 mail.example"},
        {Types::txt, "02 'hi' 05 'there'", "hi, there"},
        {Types::txt, "", ""},
        {Types::soa, "c00c 05 'admin' c00e 00000007 00000e10 00000258 00015180 0000003c",
         "a.example admin.example 7 3600 600 86400 60"},
        {Types::srv, "0000 0005 13c4 03 'sip' c00e", "0 5 5060 sip.example"},
        {Types::naptr, "0064 000a 01 'S' 07 'SIP+D2U' 00 04 '_sip' c00e", "100 10 \"S\" \"SIP+D2U\" \"\" _sip.example"},
        {Types::hinfo, "03 'ARM' 05 'Linux'", "\"ARM\" \"Linux\""},
        {Types::caa, "00 05 'issue' 'ca.example'", "0 issue \"ca.example\""},
        {Types::uri, "000a 0001 'https://example/'", "10 1 \"https://example/\""},
        {Types::ds, "ec45 0d 02 0123abcd", "60485 13 2 0123ABCD"},
        {Types::dnskey, "0101 03 0d 010203", "257 3 13 AQID"},
        {Types::rrsig, "0001 0d 02 0000012c 65a00000 65900000 ec45 c00c 010203",
         "A 13 2 300 20240111144936 20231230113320 60485 a.example AQID"},
        {Types::nsec, "c00c 0006 400000000003 0101 40", "a.example A RRSIG NSEC CAA"},
        {Types::nsec3, "01 00 000a 02 abcd 05 0102030405 0001 40", "1 0 10 ABCD 04106105 A"},
        {Types::nsec3param, "01 00 000a 00", "1 0 10 -"},
        {Types::sshfp, "04 02 0123", "4 2 0123"},
        {Types::tlsa, "03 01 01 0123", "3 1 1 0123"},
        {Types::https, "0001 00 0001 0006 02 'h2' 02 'h3' 0003 0002 01bb 0004 0004 0a000001",
         "1 <Root> alpn=h2,h3 port=443 ipv4hint=10.0.0.1"},
        {Types::svcb, "0001 c00c 0000 0004 0001 0003 0002 0000 029a 0001 ff",
         "1 a.example mandatory=alpn,port no-default-alpn key666=FF"},
        {65534, "0a000001", "\\# 4 0A000001"},
        {65534, "", "\\# 0"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(data_of(row.type, row.wire) == row.text);
    }
  }

  TEST_CASE("EDNS says what it can do") {
    const struct {
      std::string wire, text;
    } rows[] = {
        {"", "udp=1232 version=0 rcode=1 flags=do"},
        {"0008 0007 0001 18 00 0a0001", "udp=1232 version=0 rcode=1 flags=do ECS=10.0.1.0/24"},
        {"0008 0004 0009 18 00", "udp=1232 version=0 rcode=1 flags=do ECS=00091800"},
        {"000a 0008 0123456789abcdef", "udp=1232 version=0 rcode=1 flags=do COOKIE=0123456789ABCDEF"},
        {"000f 0007 0016 'stale'", "udp=1232 version=0 rcode=1 flags=do EDE=22 stale"},
        {"fde9 0001 ff", "udp=1232 version=0 rcode=1 flags=do CODE65001=FF"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.wire);
      CHECK(data_of(Types::opt, row.wire, 1232, 0x01008000) == row.text);
    }
  }

  TEST_CASE("data that is not what its type says is shown as it is") {
    const struct {
      std::uint16_t type;
      std::string wire, text;
    } rows[] = {
        {Types::a, "0a0000", "\\# 3 0A0000"},         {Types::mx, "00", "\\# 1 00"},
        {Types::ns, "c00c 00", "\\# 3 C00C00"},       {Types::txt, "05 'hi'", "\\# 3 056869"},
        {Types::cname, "03 'www'", "\\# 4 03777777"}, {Types::https, "0001 00 0001 ff", "\\# 6 0001000001FF"},
        {Types::opt, "0008", "\\# 2 0008"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(data_of(row.type, row.wire) == row.text);
    }
  }

  TEST_CASE("numbers have the names of the registry, or show themselves") {
    const auto type = [](std::uint16_t number) {
      std::string out;
      append_type(out, number);
      return out;
    };
    const auto klass = [](std::uint16_t number) {
      std::string out;
      append_class(out, number);
      return out;
    };
    CHECK(type(28) == "AAAA");
    CHECK(type(257) == "CAA");
    CHECK(type(65534) == "TYPE65534");
    CHECK(klass(1) == "IN");
    CHECK(klass(0x8001) == "IN");
    CHECK(klass(42) == "CLASS42");
    CHECK(opcode_name(5) == "Update");
    CHECK(opcode_name(15) == "Opcode 15");
    CHECK(rcode_name(3) == "Non-Existent Domain");
    CHECK(rcode_name(4000) == "Unassigned");
  }
}

}  // namespace
}  // namespace wiretape::dns
