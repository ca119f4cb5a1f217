// SPDX-License-Identifier: Apache-2.0
#include "proto/dns/message.hpp"

namespace wiretape::dns {
namespace {

// mDNS asks and answers everybody at once, with 0 for an identifier (RFC 6762 section 18.1): nothing pairs there.
bool is_multicast(const Header& header) {
  if (header.id != 0 || header.recursion_desired) return false;
  return !header.is_response || (header.authoritative && header.counts[index(Section::questions)] == 0);
}

}  // namespace

const Label label = {"dns", "", "DNS", "Domain Name System", "dns"};

void DnsMessage::assign(Bytes message) {
  bytes.assign(message);
  header = read_header(message).value_or(Header{});
  layout = lay_out(message, header);
  Message::label = &dns::label;
  size = message.size();
  half = header.is_response ? Half::response : Half::request;
  alone = is_multicast(header);
  // Equal for a query and its answer alone: the identifier, and what was asked.
  id = question_hash(message, layout) << 16U | header.id;
  fault = layout.whole ? Fault{} : Fault{Fault::Type::dissection, "The message cannot be read to its end"};
}

}  // namespace wiretape::dns
