// SPDX-License-Identifier: Apache-2.0
#include "proto/grpc/payload.hpp"

#include <algorithm>
#include <charconv>

#include "json/writer.hpp"
#include "proto/grpc/framing.hpp"
#include "proto/grpc/protobuf_text.hpp"
#include "proto/grpc/unpack.hpp"
#include "proto/http/http1_wire.hpp"
#include "proto/http/text_map.hpp"

namespace wiretape::grpc {
namespace {

constexpr std::string_view base_type = "application/grpc";
constexpr std::string_view web_type = "application/grpc-web";
constexpr std::string_view web_text_type = "application/grpc-web-text";

bool begins_with(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() && http::same_name(text.substr(0, beginning.size()), beginning);
}

// "json" of "application/grpc+json; charset=utf-8"; "" without.
std::string_view message_format(std::string_view content_type) {
  content_type = http::trimmed(content_type.substr(0, content_type.find(';')));
  const std::size_t plus = content_type.find('+');
  return plus == std::string_view::npos ? std::string_view{} : content_type.substr(plus + 1);
}

bool is_protobuf(std::string_view content_type) {
  const std::string_view format = message_format(content_type);
  return format.empty() || http::same_name(format, "proto");
}

// Of all messages of a thread: it keeps nothing between two.
thread_local MessageTeller teller;

template <class Container>
void empty(Container& container) {
  constexpr std::size_t most_idle = 64U << 10U;
  if (container.capacity() * sizeof(typename Container::value_type) > most_idle) Container().swap(container);
  container.clear();
}

}  // namespace

bool is_grpc(std::string_view content_type) {
  return begins_with(content_type, base_type);
}

bool is_web(std::string_view content_type) {
  return begins_with(content_type, web_type);
}

MethodName method_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || path.front() != '/') return {};
  return {.service = path.substr(1, slash - 1), .method = path.substr(slash + 1)};
}

void Outcome::read(std::string_view sent_status, std::string_view sent_message) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(sent_status.data(), sent_status.data() + sent_status.size(), number);
  const bool whole = problem == std::errc() && end == sent_status.data() + sent_status.size();
  status = whole ? std::optional(number) : std::nullopt;
  message.clear();
  http::append_percent_decoded(message, sent_message);
}

void Payload::clear() {
  empty(items_);
  empty(text_);
  empty(decoded_);
  empty(unpacked_.text);
  empty(trailers_);
}

void Payload::read(Bytes body, const BodyForm& form) {
  clear();
  left_ = form.limit;
  if (begins_with(form.content_type, web_text_type)) {
    append_decoded_base64(decoded_, body);
    body = decoded_;
  }
  for (Frame frame; next_frame(body, frame);) {
    if (frame.trailers)
      trailers_.assign(frame.bytes);
    else
      add(frame, form);
  }
}

void Payload::add(const Frame& frame, const BodyForm& form) {
  Item item{.size = frame.size, .compressed = frame.compressed, .cut = frame.cut(), .at = text_.size()};
  Bytes message = frame.bytes;
  if (frame.compressed) {
    unpack(encoding_of(form.encoding), frame.bytes, left_, unpacked_);
    left_ -= std::min(left_, unpacked_.text.size());
    item.cut = item.cut || unpacked_.cut;
    message = unpacked_.text;
  }
  const bool unreadable = frame.compressed && unpacked_.broken && unpacked_.text.empty();
  if (unreadable)
    add_raw(frame.bytes, item);
  else
    add_text(message, form, item);
  item.text_size = text_.size() - item.at;
  items_.push_back(item);
}

void Payload::add_text(Bytes message, const BodyForm& form, Item& item) {
  if (!is_protobuf(form.content_type)) return add_raw(message, item);
  json::Writer writer(text_);
  if (teller.tell(message, item.cut ? Extent::cut : Extent::whole, form.type, form.types, writer)) {
    item.cut = item.cut || teller.cut();
    return;
  }
  add_raw(message, item);
}

void Payload::add_raw(Bytes message, Item& item) {
  item.base64 = !json::is_utf8(message);
  if (item.base64)
    json::append_base64(text_, message);
  else
    text_ += message;
}

void Payload::tell(json::Sink& sink) const {
  sink.begin_array();
  for (const Item& item : items_) {
    sink.begin_object();
    sink.integer("size", item.size);
    sink.boolean("compressed", item.compressed);
    sink.text("text", std::string_view(text_).substr(item.at, item.text_size));
    if (item.base64) sink.text("encoding", "base64");
    if (item.cut) sink.boolean("truncated", true);
    sink.end_object();
  }
  sink.end_array();
}

std::string_view Payload::trailer(std::string_view name) const {
  Bytes rest = trailers_;
  for (http::Line line; http::next_line(rest, line);) {
    if (http::same_name(line.name, name)) return line.value;
  }
  return {};
}

}  // namespace wiretape::grpc
