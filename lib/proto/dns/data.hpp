// SPDX-License-Identifier: Apache-2.0
// The data of DNS records as text, the way master files write it (RFC 1035 section 5, and each type's own standard).
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "proto/dns/wire.hpp"

namespace wiretape::dns {

// Appends the data of `record`, which lies within `message`. Data that is unknown, or is not what its type says, is
// written as RFC 3597 does: \# 4 0A000001. Returns whether it was understood.
//
//   A AAAA            10.0.0.1, 2001:db8::1
//   TXT SPF           its strings as they are, joined by ", "
//   MX SRV SOA URI    10 mail.example.com; 0 5 5060 sip.example.com; ...
//   OPT               udp=1232 version=0 rcode=0 flags=do, then options: COOKIE=0123, CODE65001=ff (RFC 6891)
//   CAA DS DNSKEY RRSIG NSEC NSEC3 HTTPS SVCB TLSA ...   as their standards write them
bool append_data(std::string& out, Bytes message, const Record& record);

}  // namespace wiretape::dns
