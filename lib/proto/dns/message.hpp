// SPDX-License-Identifier: Apache-2.0
// A DNS message as a half of a call.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "entry/entry.hpp"
#include "entry/field.hpp"
#include "proto/dns/wire.hpp"

namespace wiretape::dns {

extern const Label label;

// Its bytes and where things are in them; texts are made when somebody asks.
struct DnsMessage final : Message {
  std::string bytes;  // from the header on
  Header header;
  Layout layout;

  // Takes a message over, which is at least least_header_size bytes long. What cannot be read is a fault, not a reason
  // to drop it.
  void assign(Bytes message);
};

extern const std::array<Field, 15> fields;
extern const std::array<std::string_view, 3> summary;

}  // namespace wiretape::dns
