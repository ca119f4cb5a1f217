// SPDX-License-Identifier: Apache-2.0
#include "proto/tls/fields.hpp"

#include <array>
#include <optional>

#include "json/sink.hpp"
#include "proto/tls/message.hpp"

namespace wiretape::tls {
namespace {

// A registry has some hundred names; what lists more is no client.
constexpr std::size_t most_listed = 512;

const HelloMessage* request(const Entry& entry) {
  return static_cast<const HelloMessage*>(entry.request);
}
const HelloMessage* response(const Entry& entry) {
  return static_cast<const HelloMessage*>(entry.response);
}

std::optional<std::string_view> offered_version(const Entry& entry) {
  const HelloMessage* hello = request(entry);
  return hello != nullptr ? std::optional(hello->version()) : std::nullopt;
}

std::optional<std::string_view> server_name(const Entry& entry) {
  const HelloMessage* hello = request(entry);
  return hello != nullptr ? std::optional(hello->bytes(hello->hello().server_name)) : std::nullopt;
}

using Name_of = std::string_view (*)(std::uint16_t);

void tell_names(Bytes list, Name_of name, json::Sink& sink) {
  std::size_t told = 0;
  each_number(list, [&](std::uint16_t number) {
    sink.text(NumberName(name(number), number).text());
    return ++told < most_listed;
  });
}

bool tell_versions(const Entry& entry, json::Sink& sink) {
  const HelloMessage* hello = request(entry);
  if (hello == nullptr) return false;
  sink.begin_array();
  tell_names(hello->bytes(hello->hello().versions), version_name, sink);
  sink.end_array();
  return true;
}

// Three octets each: those of TLS begin with a zero, the others are not in the registry.
void tell_old_suites(Bytes list, json::Sink& sink) {
  Cursor in(list);
  for (std::size_t told = 0; in.left() >= 3 && told < most_listed; ++told) {
    const std::uint32_t kind = in.be24();
    const auto number = static_cast<std::uint16_t>(kind);
    if (kind >> 16U == 0) {
      sink.text(NumberName(suite_name(number), number).text());
      continue;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, 8> text = {'0', 'x'};
    for (std::size_t at = 0; at < 6; ++at) text[2 + at] = digits[kind >> (20U - 4U * at) & 15U];
    sink.text(std::string_view(text.data(), text.size()));
  }
}

bool tell_suites(const Entry& entry, json::Sink& sink) {
  const HelloMessage* hello = request(entry);
  if (hello == nullptr) return false;
  const Bytes list = hello->bytes(hello->hello().suites);
  sink.begin_array();
  if (hello->hello().suite_size == 2) {
    tell_names(list, suite_name, sink);
  } else {
    tell_old_suites(list, sink);
  }
  sink.end_array();
  return true;
}

// Two octets of GREASE, or a name, which is UTF-8 by RFC 7301 but may be any octets.
std::string_view protocol_text(Bytes name) {
  const bool grease = name.size() == 2 && is_grease(Cursor(name).be16());
  return grease ? "GREASE" : name;
}

bool tell_protocols(const Entry& entry, json::Sink& sink) {
  const HelloMessage* hello = request(entry);
  if (hello == nullptr) return false;
  std::size_t told = 0;
  sink.begin_array();
  each_protocol(hello->bytes(hello->hello().protocols), [&](Bytes name) {
    sink.text(protocol_text(name));
    return ++told < most_listed;
  });
  sink.end_array();
  return true;
}

bool tell_extensions(const Entry& entry, json::Sink& sink) {
  const HelloMessage* hello = request(entry);
  if (hello == nullptr) return false;
  std::size_t told = 0;
  sink.begin_array();
  each_extension(hello->bytes(hello->hello().extensions), [&](std::uint16_t type, Bytes) {
    sink.text(NumberName(extension_name(type), type).text());
    return ++told < most_listed;
  });
  sink.end_array();
  return true;
}

std::optional<std::string_view> negotiated_version(const Entry& entry) {
  const HelloMessage* hello = response(entry);
  return hello != nullptr ? std::optional(hello->negotiated()) : std::nullopt;
}

std::optional<std::string_view> suite(const Entry& entry) {
  const HelloMessage* hello = response(entry);
  return hello != nullptr ? std::optional(hello->suite()) : std::nullopt;
}

std::optional<std::string_view> chosen_protocol(const Entry& entry) {
  const HelloMessage* hello = response(entry);
  if (hello == nullptr) return std::nullopt;
  std::string_view chosen;
  each_protocol(hello->bytes(hello->hello().protocols), [&](Bytes name) {
    chosen = protocol_text(name);
    return false;
  });
  return chosen;
}

std::optional<bool> asks_again(const Entry& entry) {
  const HelloMessage* hello = response(entry);
  return hello != nullptr ? std::optional(hello->hello().asks_again) : std::nullopt;
}

void tell_certificate(const Certificate& certificate, json::Sink& sink) {
  sink.begin_object();
  sink.text("subject", certificate.subject);
  sink.text("issuer", certificate.issuer);
  sink.key("san");
  sink.begin_array();
  for (const std::string& name : certificate.alternatives) sink.text(name);
  sink.end_array();
  sink.text("notBefore", certificate.not_before);
  sink.text("notAfter", certificate.not_after);
  sink.text("serial", certificate.serial);
  sink.end_object();
}

bool tell_certificates(const Entry& entry, json::Sink& sink) {
  const HelloMessage* hello = response(entry);
  if (hello == nullptr) return false;
  sink.begin_array();
  for (const Certificate& certificate : hello->certificates()) tell_certificate(certificate, sink);
  sink.end_array();
  return true;
}

constexpr Stage asked = Stage::request_head;
constexpr Stage answered = Stage::response_head;

constexpr Member version_members[] = {{"[]", Type::text, "a version", "\"TLS 1.3\""}};
constexpr Member suite_members[] = {{"[]", Type::text, "a cipher suite", "\"TLS_AES_128_GCM_SHA256\""}};
constexpr Member protocol_members[] = {{"[]", Type::text, "a protocol", "\"h2\""}};
constexpr Member extension_members[] = {{"[]", Type::text, "an extension", "\"server_name\""}};
constexpr Member certificate_members[] = {
    {"[].subject", Type::text, "whose it is, as RFC 4514 writes names", "\"CN=example.com\""},
    {"[].issuer", Type::text, "who signed it, the same way", "\"CN=Example CA,O=Example\""},
    {"[].san", Type::array, "the subject's alternative names: names, addresses, URIs"},
    {"[].san[]", Type::text, "one of them", "\"www.example.com\""},
    {"[].notBefore", Type::text, "from when on it is valid, RFC 3339", "\"2024-06-04T08:45:00Z\""},
    {"[].notAfter", Type::text, "until when", "\"2025-06-04T08:45:00Z\""},
    {"[].serial", Type::text, "its number in hex", "\"04d2\""},
};

constexpr Field table[] = {
    {.path = "request.version",
     .get = Text{offered_version},
     .type = Type::text,
     .about = "the newest version offered up to TLS 1.2; newer ones are in supportedVersions",
     .example = "\"TLS 1.2\"",
     .known = asked},
    {.path = "request.supportedVersions",
     .get = Tell{tell_versions},
     .type = Type::array,
     .about = "versions offered by extension, by preference; empty without",
     .known = asked,
     .members = version_members},
    {.path = "request.cipherSuites",
     .get = Tell{tell_suites},
     .type = Type::array,
     .about = "cipher suites offered, by preference; GREASE, or digits as 0x1a2b, for those not registered",
     .known = asked,
     .members = suite_members},
    {.path = "request.sni",
     .get = Text{server_name},
     .type = Type::text,
     .about = "name of the server that the client wants, empty when it says none",
     .example = "\"example.com\"",
     .known = asked},
    {.path = "request.alpn",
     .get = Tell{tell_protocols},
     .type = Type::array,
     .about = "application protocols offered, by preference",
     .known = asked,
     .members = protocol_members},
    {.path = "request.extensions",
     .get = Tell{tell_extensions},
     .type = Type::array,
     .about = "extensions in the order sent",
     .known = asked,
     .members = extension_members},
    {.path = "response.version",
     .get = Text{negotiated_version},
     .type = Type::text,
     .about = "the version that the server chose",
     .example = "\"TLS 1.3\"",
     .known = answered},
    {.path = "response.cipherSuite",
     .get = Text{suite},
     .type = Type::text,
     .about = "the cipher suite that the server chose",
     .example = "\"TLS_AES_128_GCM_SHA256\"",
     .known = answered},
    {.path = "response.alpn",
     .get = Text{chosen_protocol},
     .type = Type::text,
     .about =
         "the application protocol that the server chose, empty when it says none (from TLS 1.3 on it is encrypted)",
     .example = "\"h2\"",
     .known = answered},
    {.path = "response.helloRetryRequest",
     .get = Flag{asks_again},
     .type = Type::flag,
     .about = "the server wants another hello, which is a call of its own",
     .example = "true",
     .known = answered},
    {.path = "response.certificates",
     .get = Tell{tell_certificates},
     .type = Type::array,
     .about = "the server's certificate and those behind it; empty from TLS 1.3 on, where they are encrypted",
     .members = certificate_members},
};

}  // namespace

constinit const std::array<Field, 11> fields = std::to_array(table);
constinit const std::array<std::string_view, 3> summary = {"request.sni", "response.version", "response.cipherSuite"};

}  // namespace wiretape::tls
