// SPDX-License-Identifier: Apache-2.0
// Names of the IANA registries "TLS Cipher Suites", "TLS ExtensionType Values", "TLS Alerts", and of versions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace wiretape::tls {

// "" for what is not registered.
std::string_view suite_name(std::uint16_t number);
std::string_view extension_name(std::uint16_t number);
std::string_view alert_name(std::uint8_t number);

// "TLS 1.2", "SSL 3.0", "TLS 1.3 (draft 28)"; "" for others.
std::string_view version_name(std::uint16_t number);

// Two equal octets that end in a: said so that nobody comes to rely on what is in a list (RFC 8701).
constexpr bool is_grease(std::uint16_t number) {
  return (number & 0x0f0fU) == 0x0a0aU && number >> 8U == (number & 0xffU);
}

// What a number is called; without a name GREASE, or its digits as 0x1a2b. All in itself.
class NumberName {
 public:
  NumberName() = default;
  NumberName(std::string_view known, std::uint16_t number) : known_(known) {
    if (!known.empty()) return;
    if (is_grease(number)) {
      known_ = "GREASE";
      return;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    digits_ = {
        '0', 'x', digits[number >> 12U], digits[number >> 8U & 15U], digits[number >> 4U & 15U], digits[number & 15U]};
  }

  // Lives as long as this does.
  [[nodiscard]] std::string_view text() const {
    return known_.empty() && digits_[0] != '\0' ? std::string_view(digits_.data(), digits_.size()) : known_;
  }

 private:
  std::string_view known_;  // a constant
  std::array<char, 6> digits_{};
};

}  // namespace wiretape::tls
