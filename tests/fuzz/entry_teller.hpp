// SPDX-License-Identifier: Apache-2.0
// What fuzz targets of protocols hear calls with: every one is told as JSON, with all its fields.
#pragma once

#include <string>

#include "entry/render.hpp"
#include "json/writer.hpp"
#include "proto/session.hpp"

namespace wiretape::test {

struct EntryTeller final : EntryListener {
  void complete(const Entry& entry) override {
    text.clear();
    json::Writer writer(text);
    render(entry, writer);
  }
  bool opened(const Entry&) override { return true; }
  void identified(const Protocol*) override {}
  std::string text;
};

}  // namespace wiretape::test
