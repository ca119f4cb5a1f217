// SPDX-License-Identifier: Apache-2.0
// A small value for each stream, found by its number, in memory that shrinks again.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "flow/flow_table.hpp"
#include "flow/heap_size.hpp"

namespace wiretape::flow {

// FlowIds are dense, so this is an array, in pages that go when their last value goes. One empty page is kept: a stream
// that comes alone again and again allocates nothing. Value{} means that there is none.
template <class Value>
class PagedIndex {
 public:
  [[nodiscard]] Value get(FlowId flow) const {
    const std::size_t at = flow / values_in_page;
    if (at >= pages_.size() || pages_[at] == nullptr) return {};
    return pages_[at]->values[flow % values_in_page];
  }

  void set(FlowId flow, Value value) {
    const std::size_t at = flow / values_in_page;
    if (at >= pages_.size()) pages_.resize(std::max(at + 1, pages_.size() * 2));
    std::unique_ptr<Page>& page = pages_[at];
    if (page == nullptr) page = make_page();
    Value& place = page->values[flow % values_in_page];
    if (place == Value{}) ++page->used;
    place = value;
  }

  void clear(FlowId flow) {
    std::unique_ptr<Page>& page = pages_[flow / values_in_page];
    page->values[flow % values_in_page] = {};
    if (--page->used > 0) return;
    if (spare_ == nullptr) {
      spare_ = std::move(page);
      return;
    }
    page.reset();
    --page_count_;
  }

  // Bytes that set() would take from the heap.
  [[nodiscard]] std::size_t cost_of(FlowId flow) const {
    const std::size_t at = flow / values_in_page;
    const bool there = spare_ != nullptr || (at < pages_.size() && pages_[at] != nullptr);
    return there ? 0 : page_memory;
  }
  [[nodiscard]] std::size_t memory() const {
    return page_count_ * page_memory + pages_.capacity() * sizeof(std::unique_ptr<Page>);
  }

  template <class Take>
  void each(Take&& take) const {
    for (const auto& page : pages_) {
      if (page == nullptr) continue;
      for (const Value& value : page->values) {
        if (value != Value{}) take(value);
      }
    }
  }

 private:
  static constexpr std::size_t values_in_page = 128;
  struct Page {
    std::array<Value, values_in_page> values{};
    std::uint32_t used = 0;
  };
  static constexpr std::size_t page_memory = heap_size(sizeof(Page));

  std::unique_ptr<Page> make_page() {
    if (spare_ != nullptr) return std::move(spare_);
    ++page_count_;
    return std::make_unique<Page>();
  }

  std::vector<std::unique_ptr<Page>> pages_;
  std::unique_ptr<Page> spare_;
  std::size_t page_count_ = 0;  // the spare one included
};

}  // namespace wiretape::flow
