// SPDX-License-Identifier: Apache-2.0
#include "proto/dns/registry.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace wiretape::dns {
namespace {

struct Named {
  std::uint16_t number;
  std::string_view name;
};

constexpr Named types[] = {
    {1, "A"},      {2, "NS"},      {3, "MD"},      {4, "MF"},      {5, "CNAME"},    {6, "SOA"},
    {7, "MB"},     {8, "MG"},      {9, "MR"},      {10, "NULL"},   {11, "WKS"},     {12, "PTR"},
    {13, "HINFO"}, {14, "MINFO"},  {15, "MX"},     {16, "TXT"},    {17, "RP"},      {18, "AFSDB"},
    {19, "X25"},   {20, "ISDN"},   {21, "RT"},     {24, "SIG"},    {25, "KEY"},     {28, "AAAA"},
    {29, "LOC"},   {30, "NXT"},    {33, "SRV"},    {35, "NAPTR"},  {36, "KX"},      {37, "CERT"},
    {39, "DNAME"}, {41, "OPT"},    {42, "APL"},    {43, "DS"},     {44, "SSHFP"},   {45, "IPSECKEY"},
    {46, "RRSIG"}, {47, "NSEC"},   {48, "DNSKEY"}, {49, "DHCID"},  {50, "NSEC3"},   {51, "NSEC3PARAM"},
    {52, "TLSA"},  {53, "SMIMEA"}, {55, "HIP"},    {59, "CDS"},    {60, "CDNSKEY"}, {61, "OPENPGPKEY"},
    {64, "SVCB"},  {65, "HTTPS"},  {99, "SPF"},    {108, "EUI48"}, {109, "EUI64"},  {249, "TKEY"},
    {250, "TSIG"}, {251, "IXFR"},  {252, "AXFR"},  {255, "ANY"},   {256, "URI"},    {257, "CAA"},
};

constexpr Named classes[] = {{1, "IN"}, {2, "CS"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"}};

constexpr std::array<std::string_view, 16> opcodes = {
    "Query",     "Inverse Query", "Status",   "Opcode 3",  "Notify",    "Update",    "Stateful Operations",
    "Opcode 7",  "Opcode 8",      "Opcode 9", "Opcode 10", "Opcode 11", "Opcode 12", "Opcode 13",
    "Opcode 14", "Opcode 15"};

constexpr Named rcodes[] = {
    {0, "No Error"},
    {1, "Format Error"},
    {2, "Server Failure"},
    {3, "Non-Existent Domain"},
    {4, "Not Implemented"},
    {5, "Query Refused"},
    {6, "Name Exists when it should not"},
    {7, "RR Set Exists when it should not"},
    {8, "RR Set that should exist does not"},
    {9, "Server Not Authoritative for zone"},
    {10, "Name not contained in zone"},
    {11, "DSO-TYPE Not Implemented"},
    {16, "Bad OPT Version"},
    {17, "Key not recognized"},
    {18, "Signature out of time window"},
    {19, "Bad TKEY Mode"},
    {20, "Duplicate key name"},
    {21, "Algorithm not supported"},
    {22, "Bad Truncation"},
    {23, "Bad/missing Server Cookie"},
};

template <std::size_t size>
std::string_view find(const Named (&table)[size], std::uint16_t number) {
  const auto found = std::lower_bound(std::begin(table), std::end(table), number,
                                      [](const Named& n, std::uint16_t x) { return n.number < x; });
  return found != std::end(table) && found->number == number ? found->name : std::string_view{};
}

void append_numbered(std::string& out, std::string_view word, std::uint16_t number) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out += word;
  out.append(digits.data(), end.ptr);
}

}  // namespace

void append_type(std::string& out, std::uint16_t type) {
  const std::string_view name = find(types, type);
  if (name.empty()) return append_numbered(out, "TYPE", type);
  out += name;
}

void append_class(std::string& out, std::uint16_t klass) {
  std::string_view name = find(classes, klass);
  if (name.empty()) name = find(classes, klass & 0x7FFFU);
  if (name.empty()) return append_numbered(out, "CLASS", klass);
  out += name;
}

std::string_view opcode_name(std::uint8_t opcode) {
  return opcodes[opcode & 15U];
}

std::string_view rcode_name(std::uint16_t rcode) {
  const std::string_view name = find(rcodes, rcode);
  return name.empty() ? "Unassigned" : name;
}

}  // namespace wiretape::dns
