// SPDX-License-Identifier: Apache-2.0
// Names of the numbers in DNS messages: https://www.iana.org/assignments/dns-parameters
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wiretape::dns {

// Types whose data has a form of its own.
struct Types {
  static constexpr std::uint16_t a = 1, ns = 2, cname = 5, soa = 6, ptr = 12, hinfo = 13, mx = 15, txt = 16, rp = 17,
                                 afsdb = 18, aaaa = 28, srv = 33, naptr = 35, kx = 36, dname = 39, opt = 41, ds = 43,
                                 sshfp = 44, rrsig = 46, nsec = 47, dnskey = 48, nsec3 = 50, nsec3param = 51, tlsa = 52,
                                 smimea = 53, cds = 59, cdnskey = 60, svcb = 64, https = 65, spf = 99, uri = 256,
                                 caa = 257;
};

// "AAAA"; unknown ones as RFC 3597 writes them: "TYPE65534", "CLASS42".
void append_type(std::string& out, std::uint16_t type);
// The top bit, which mDNS uses for "unique" and "answer to me alone" (RFC 6762 sections 5.4, 10.2), is left out.
void append_class(std::string& out, std::uint16_t klass);

// "Query"; "Opcode 7" for an unassigned one. `opcode` is at most 15.
std::string_view opcode_name(std::uint8_t opcode);
// "Non-Existent Domain"; `rcode` includes the upper bits that an OPT record may bring.
std::string_view rcode_name(std::uint16_t rcode);

}  // namespace wiretape::dns
