// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

#include "proto/protocol.hpp"
#include "proto/transport.hpp"

namespace wiretape {
namespace {

TEST_SUITE("protocols") {
  TEST_CASE("every record is complete") {
    for (const Protocol* protocol : protocols()) {
      CAPTURE(protocol->name);
      CHECK(!protocol->name.empty());
      CHECK(!protocol->title.empty());
      CHECK(bool(protocol->guess));
      CHECK(bool(protocol->open));
      CHECK((protocol->over_tcp || protocol->over_udp));
      if (protocol->family != nullptr) continue;
      CHECK(!protocol->fields.empty());
      CHECK(!protocol->labels.empty());
      CHECK(!protocol->summary.empty());
      for (const Label* label : protocol->labels) CHECK(label->name == protocol->name);
    }
  }

  TEST_CASE("every schema stands in the catalog where its number says") {
    const auto schemas = catalog().schemas;
    std::set<std::string_view> families;
    for (const Protocol* protocol : protocols()) {
      families.insert(protocol->family != nullptr ? protocol->family->name : protocol->name);
    }
    CHECK(schemas.size() == families.size() + 4);
    for (std::size_t place = 0; place < schemas.size(); ++place) CHECK(schemas[place]->ordinal == place);
    for (const Protocol* protocol : protocols()) CHECK(families.contains(schema_of(*protocol).name));
    CHECK(transport_schema(Transport::tcp).name == "tcp");
    CHECK(transport_schema(Transport::sctp).name == "sctp");
  }

  TEST_CASE("every field has a path of its own, says what it is, and stands behind its object") {
    for (const Schema* schema : catalog().schemas) {
      CAPTURE(schema->name);
      std::set<std::string, std::less<>> paths;
      for (const Field& field : envelope()) paths.emplace(field.path);
      for (const Field& field : schema->fields) {
        CAPTURE(field.path);
        CHECK(paths.emplace(field.path).second);
        CHECK(!field.about.empty());
        const auto dot = field.path.rfind('.');
        if (dot != std::string_view::npos) CHECK(paths.contains(field.path.substr(0, dot)));
      }
    }
  }

  TEST_CASE("what one line shows are fields of the protocol") {
    for (const Schema* schema : catalog().schemas) {
      CAPTURE(schema->name);
      for (const std::string_view path : schema->summary) {
        CAPTURE(path);
        bool known = false;
        for (const Field& field : schema->fields) known = known || field.path == path;
        CHECK(known);
      }
    }
  }
}

}  // namespace
}  // namespace wiretape
