// SPDX-License-Identifier: Apache-2.0
// THE list of protocols.
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "proto/dns/dns.hpp"
#include "proto/http/http.hpp"
#include "proto/protocol.hpp"
#include "proto/schemas.hpp"
#include "proto/socks/socks.hpp"
#include "proto/transport.hpp"

namespace wiretape {
namespace {

// Asked in this order: a later guess may be laxer.
constexpr std::array all = {&http::protocol, &dns::protocol, &socks::protocol};

constexpr std::size_t transports = 4;

// Built once, at the first use: ordinals are places in it.
struct Tables {
  std::array<Schema, all.size() + transports> schemas;
  std::array<const Schema*, all.size() + transports> pointers;
  Catalog catalog;

  Tables() {
    for (std::size_t place = 0; place < schemas.size(); ++place) {
      schemas[place] = make(place);
      pointers[place] = &schemas[place];
    }
    catalog.schemas = pointers;
  }

  static Schema make(std::size_t place) {
    const auto ordinal = static_cast<std::uint8_t>(place);
    if (place >= all.size()) return transport_schema(static_cast<Transport>(place - all.size()), ordinal);
    return make_schema(*all[place], ordinal);
  }
};

const Tables& tables() {
  static const Tables built;
  return built;
}

}  // namespace

std::span<const Protocol* const> protocols() {
  return all;
}

Schema make_schema(const Protocol& protocol, std::uint8_t ordinal) {
  return {.name = protocol.name,
          .title = protocol.title,
          .ordinal = ordinal,
          .fields = protocol.fields,
          .labels = protocol.labels,
          .summary = protocol.summary,
          .ports = protocol.ports};
}

const Catalog& catalog() {
  return tables().catalog;
}

const Schema& schema_of(const Protocol& protocol) {
  for (std::size_t place = 0; place < all.size(); ++place) {
    if (all[place] == &protocol) return tables().schemas[place];
  }
  assert(false && "every protocol is in the list");
  return tables().schemas[0];
}

const Schema& transport_schema(Transport transport) {
  return tables().schemas[all.size() + static_cast<std::size_t>(transport)];
}

}  // namespace wiretape
