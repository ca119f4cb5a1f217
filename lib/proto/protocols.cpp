// SPDX-License-Identifier: Apache-2.0
// THE list of protocols.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/dns/dns.hpp"
#include "proto/http/http.hpp"
#include "proto/http2/http2.hpp"
#include "proto/protocol.hpp"
#include "proto/schemas.hpp"
#include "proto/socks/socks.hpp"
#include "proto/tls/tls.hpp"
#include "proto/transport.hpp"
#include "proto/ws/ws.hpp"

namespace wiretape {
namespace {

// Asked in this order: a later guess may be laxer.
constexpr std::array all = {&tls::protocol, &http::protocol,  &http2::protocol,
                            &dns::protocol, &socks::protocol, &ws::protocol};

constexpr std::size_t transports = 4;

const Protocol& family_of(const Protocol& protocol) {
  return protocol.family != nullptr ? *protocol.family : protocol;
}

// Built once, at the first use: ordinals are places in it.
struct Tables {
  std::vector<Schema> schemas;
  std::vector<const Schema*> pointers;
  std::array<std::uint8_t, all.size()> places{};  // of each protocol's schema
  std::size_t families = 0;                       // the transports stand behind them
  Catalog catalog;

  Tables() {
    schemas.reserve(all.size() + transports);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i]->family != nullptr) continue;
      places[i] = static_cast<std::uint8_t>(schemas.size());
      schemas.push_back(make_schema(*all[i], places[i]));
    }
    for (std::size_t i = 0; i < all.size(); ++i) places[i] = places[place_of(family_of(*all[i]))];
    families = schemas.size();
    for (std::size_t i = 0; i < transports; ++i) {
      schemas.push_back(transport_schema(static_cast<Transport>(i), static_cast<std::uint8_t>(schemas.size())));
    }
    for (const Schema& schema : schemas) pointers.push_back(&schema);
    catalog.schemas = pointers;
  }

  static std::size_t place_of(const Protocol& protocol) {
    const auto found = std::find(all.begin(), all.end(), &protocol);
    assert(found != all.end() && "every protocol is in the list");
    return static_cast<std::size_t>(found - all.begin());
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
  return tables().schemas[tables().places[Tables::place_of(protocol)]];
}

const Schema& transport_schema(Transport transport) {
  return tables().schemas[tables().families + static_cast<std::size_t>(transport)];
}

}  // namespace wiretape
