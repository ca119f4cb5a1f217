// SPDX-License-Identifier: Apache-2.0
#include "kfl/pushdown.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "kfl/literal.hpp"
#include "kfl/value.hpp"

namespace wiretape::kfl {
namespace {

using Kind = Expr::Kind;

// More would make a program that the kernel refuses.
constexpr std::size_t most_conditions = 32;

// A condition on packets. No text: every packet meets it.
struct Condition {
  std::string text;
  std::size_t size = 0;  // primitives in it
  [[nodiscard]] bool any() const { return text.empty(); }
};

Condition both(const Condition& left, const Condition& right) {
  if (left.any()) return right;
  if (right.any() || left.text == right.text) return left;
  return {"(" + left.text + " and " + right.text + ")", left.size + right.size};
}

Condition either(const Condition& left, const Condition& right) {
  if (left.any() || right.any()) return {};
  if (left.text == right.text) return left;
  return {"(" + left.text + " or " + right.text + ")", left.size + right.size};
}

// Only an address in the form in which entries show it can be equal to one of theirs.
bool is_address(const std::string& text) {
  for (const int family : {AF_INET, AF_INET6}) {
    std::array<unsigned char, 16> bytes{};
    std::array<char, INET6_ADDRSTRLEN> shown{};
    if (inet_pton(family, text.c_str(), bytes.data()) != 1) continue;
    return inet_ntop(family, bytes.data(), shown.data(), shown.size()) != nullptr && text == shown.data();
  }
  return false;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && text == std::to_string(port);
}

std::string_view transport(std::string_view protocol) {
  if (protocol == "icmp") return "(icmp or icmp6)";
  return protocol == "tcp" || protocol == "udp" || protocol == "sctp" ? protocol : "";
}

class Demands {
 public:
  explicit Demands(std::vector<std::string>& notes) : notes_(notes) {}

  Condition of(const Expr& expr) {
    switch (expr.kind) {
      case Kind::group:
      case Kind::word: return of(expr.operands[0]);
      case Kind::compare: return of_comparison(expr);
      case Kind::chain: {
        std::vector<Condition> parts;
        for (const Expr& operand : expr.operands) parts.push_back(of(operand));
        Condition all = parts.back();
        for (std::size_t i = expr.operators.size(); i-- > 0;) {
          all = expr.operators[i] == Operator::both ? both(parts[i], all) : either(parts[i], all);
        }
        return all;
      }
      default: return nothing(expr, "packets do not tell");
    }
  }

 private:
  Condition nothing(const Expr& expr, std::string_view why) {
    notes_.push_back(print(expr) + ": " + std::string(why));
    return {};
  }

  Condition primitive(const Expr& expr, const std::string& text) {
    notes_.push_back(print(expr) + ": " + text);
    return {text, 1};
  }

  Condition of_comparison(const Expr& expr) {
    const bool selector_left = expr.operands[0].kind == Kind::selector;
    const Expr& selector = expr.operands[selector_left ? 0 : 1];
    const Expr& constant = expr.operands[selector_left ? 1 : 0];
    if (selector.kind != Kind::selector || constant.kind != Kind::constant) return nothing(expr, "packets do not tell");
    const std::string path = print(selector.path);
    NumberBuffer buffer;
    const std::string text(text_of(value_of(constant.literal), buffer));
    const bool address = path == "src.ip" || path == "dst.ip";
    const bool port = path == "src.port" || path == "dst.port";
    const bool protocol = path == "protocol.name" || path == "protocol.layer4";
    if (!address && !port && !protocol) return nothing(expr, "packets do not tell");
    if (expr.operators[0] != Operator::equal) return nothing(expr, "only == is pushed down");
    if (address)
      return is_address(text) ? primitive(expr, "host " + text)
                              : nothing(expr, "this is no address as entries show it");
    if (port) return is_port(text) ? primitive(expr, "port " + text) : nothing(expr, "this is no port");
    const std::string_view pushed = transport(text);
    if (pushed.empty()) return nothing(expr, "the protocol is found by looking into the stream");
    return primitive(expr, std::string(pushed));
  }

  std::vector<std::string>& notes_;
};

// What carries no ports or no address of the stream in its outermost headers: later fragments, extension headers, ICMP
// errors that quote it, and tunnels.
std::string widened(const std::string& condition) {
  return condition +
         " or (ip[6:2] & 0x1fff != 0)"
         " or (ip and ip[9] != 6 and ip[9] != 17 and ip[9] != 132)"
         " or (ip6 and ip6[6] != 6 and ip6[6] != 17 and ip6[6] != 132)"
         " or (udp and (dst port 2152 or dst port 4789 or dst port 4790 or dst port 6081 or dst port 8472))";
}

// MPLS and PPPoE are let through as they are. The keyword vlan shifts all that follows it, so tagged forms are nested
// behind the plain one.
std::string with_tags(const std::string& untagged) {
  const std::string plain = untagged + " or ether proto 0x8847 or ether proto 0x8864";
  return plain + " or (vlan and (" + plain + " or (vlan and (" + plain + "))))";
}

}  // namespace

Pushdown pushdown(const Expr& expr) {
  Pushdown out;
  const Condition condition = Demands(out.notes).of(expr);
  if (condition.any() || condition.size > most_conditions) return out;
  out.untagged = widened(condition.text);
  out.filter = with_tags(out.untagged);
  return out;
}

}  // namespace wiretape::kfl
