// SPDX-License-Identifier: Apache-2.0
#include "json/path.hpp"

namespace wiretape::json {

Path::Place Path::place() {
  if (elsewhere_ != 0 || done()) return Place::elsewhere;
  if (level_ != 0) {
    const PathStep& step = steps_[level_ - 1];
    if (!(step.is_index ? element_++ == step.index : key_matches_)) return Place::elsewhere;
  }
  found_ = false;  // an earlier value of the same key does not count any more
  return level_ == steps_.size() ? Place::target : Place::above;
}

void Path::start() {
  out_.clear();
  writer_.emplace(out_);
}

bool Path::takes_scalar() {
  if (inside_ != 0) return true;
  const Place where = place();
  if (where == Place::elsewhere) return false;
  over_ = true;  // above the target a scalar leads nowhere
  found_ = where == Place::target;
  if (found_) start();
  return found_;
}

void Path::open(Container container) {
  const auto begin = [&] { container == Container::object ? writer_->begin_object() : writer_->begin_array(); };
  if (inside_ != 0) {
    ++inside_;
    return begin();
  }
  switch (place()) {
    case Place::elsewhere: ++elsewhere_; return;
    case Place::target:
      ++inside_;
      start();
      return begin();
    case Place::above:
      if (steps_[level_].is_index != (container == Container::array)) {
        over_ = true;
        ++elsewhere_;
        return;
      }
      ++level_;
      element_ = 0;
      key_matches_ = false;
  }
}

void Path::close(Container container) {
  if (inside_ != 0) {
    container == Container::object ? writer_->end_object() : writer_->end_array();
    if (--inside_ == 0) found_ = over_ = true;
    return;
  }
  if (elsewhere_ != 0) {
    --elsewhere_;
    return;
  }
  leave();
}

// A container on the path ends. What it stood in goes on; in an array its element has passed.
void Path::leave() {
  over_ = true;
  --level_;
  if (level_ != 0 && steps_[level_ - 1].is_index) element_ = steps_[level_ - 1].index + 1;
  key_matches_ = false;
}

void Path::key(std::string_view name) {
  if (inside_ != 0) return writer_->key(name);
  if (elsewhere_ == 0 && level_ != 0) key_matches_ = name == steps_[level_ - 1].name;
}

void Path::null() {
  if (takes_scalar()) writer_->null();
}

void Path::boolean(bool value) {
  if (takes_scalar()) writer_->boolean(value);
}

void Path::integer(std::int64_t value) {
  if (takes_scalar()) writer_->integer(value);
}

void Path::real(double value) {
  if (takes_scalar()) writer_->real(value);
}

void Path::text(std::string_view value) {
  if (takes_scalar()) writer_->text(value);
}

}  // namespace wiretape::json
