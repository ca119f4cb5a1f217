// SPDX-License-Identifier: Apache-2.0
// Parts of TLS handshakes as bytes, put together from the inside out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "proto/support/hex.hpp"

namespace wiretape::test {

// A length of `octets` in front.
inline std::string sized(std::size_t octets, std::string_view inner) {
  std::string out;
  for (std::size_t at = octets; at-- > 0;) out += static_cast<char>(inner.size() >> (8 * at) & 0xff);
  return out.append(inner);
}

inline std::string record(int type, std::string_view fragment, int version = 0x0303) {
  return std::string{static_cast<char>(type), static_cast<char>(version >> 8), static_cast<char>(version)} +
         sized(2, fragment);
}

inline std::string handshake(int type, std::string_view body) {
  return static_cast<char>(type) + sized(3, body);
}

inline std::string extension(int type, std::string_view data) {
  return std::string{static_cast<char>(type >> 8), static_cast<char>(type)} + sized(2, data);
}

inline std::string server_name(std::string_view name) {
  return extension(0, sized(2, std::string(1, '\0') + sized(2, name)));
}

inline std::string protocols(std::initializer_list<std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list += sized(1, name);
  return extension(16, sized(2, list));
}

// Bodies. `suites` in hex.
inline std::string client_hello(std::string_view extensions, std::string_view suites = "1301 c02f",
                                std::string_view version = "0303") {
  return bytes_of(version) + std::string(32, 'R') + sized(1, "session") + sized(2, bytes_of(suites)) +
         bytes_of("01 00") + sized(2, extensions);
}

inline std::string server_hello(std::string_view extensions, std::string_view suite = "c02f",
                                std::string_view version = "0303", std::string_view random = {}) {
  return bytes_of(version) + (random.empty() ? std::string(32, 'S') : std::string(random)) + sized(1, "") +
         bytes_of(suite) + bytes_of("00") + sized(2, extensions);
}

inline std::string certificates(std::initializer_list<std::string_view> chain) {
  std::string list;
  for (const std::string_view der : chain) list += sized(3, der);
  return sized(3, list);
}

inline std::string alert(int level, int number) {
  return record(21, std::string{static_cast<char>(level), static_cast<char>(number)});
}

inline const std::string change_cipher_spec = record(20, "\1");
inline const std::string sealed = record(23, std::string(100, '\x9c'));

// As a chosen version says it in its hello.
inline const std::string version_13 = extension(43, bytes_of("0304"));
inline const std::string retry_random = bytes_of("cf21ad74e59a6111be1d8c021e65b891 c2a211167abb8c5e079e09e2c8a8339c");

// An EC key of "shop.example", number 04d2, by itself; made by openssl(1).
inline const std::string shop_der = bytes_of(
    "30820211308201b6a003020102020204d2300a06082a8648ce3d040302303131183016060355040a0c0f4dc3bc6c6c65722c2053c3b6686e"
    "653115301306035504030c0c73686f702e6578616d706c65301e170d3236313132343133303834335a170d3336313132313133303834335a"
    "303131183016060355040a0c0f4dc3bc6c6c65722c2053c3b6686e653115301306035504030c0c73686f702e6578616d706c653059301306"
    "072a8648ce3d020106082a8648ce3d030107034200046c54c0ca431957aff8260817188b8b231e4d7b3d6158db5382f0dfc8a475d18c4eb6"
    "db37013268bf831f48a19f8af7bd293c90528b143d850544250550c6dfd5a381bd3081ba301d0603551d0e04160414f8a3724469fa2496e8"
    "e2af1c3d732baa56cf42f2301f0603551d23041830168014f8a3724469fa2496e8e2af1c3d732baa56cf42f2300f0603551d130101ff0405"
    "30030101ff30670603551d110460305e820c73686f702e6578616d706c65820e2a2e73686f702e6578616d706c658704c000020187102001"
    "0db8000000000000000000000001861568747470733a2f2f73686f702e6578616d706c652f810f6d654073686f702e6578616d706c65300a"
    "06082a8648ce3d0403020349003046022100c52dde4fe82dd4055dc26c90acb02bf1d22518470b057e2a4dbcec4e6ff25980022100e65afa"
    "fbd3f09d2a331c73e72a959e070d81152353c41af81a158209fd3a0473");

}  // namespace wiretape::test
