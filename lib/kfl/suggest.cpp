// SPDX-License-Identifier: Apache-2.0
#include "kfl/suggest.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace wiretape::kfl {
namespace {

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view word_at(std::string_view text, std::size_t place) {
  std::size_t end = place;
  while (end < text.size() && is_name_character(text[end])) ++end;
  return text.substr(place, end - place);
}

// The word that ends before the place, blanks between.
std::string_view word_before(std::string_view text, std::size_t place) {
  std::size_t end = place;
  while (end > 0 && is_blank(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_name_character(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

struct Habit {
  std::string_view written;
  std::string_view hint;
};

// Words of other languages where an operator is expected.
constexpr std::array operator_words = {
    Habit{"AND", "did you mean 'and'?"},
    Habit{"And", "did you mean 'and'?"},
    Habit{"OR", "did you mean 'or'?"},
    Habit{"Or", "did you mean 'or'?"},
    Habit{"xor", "there is no 'xor': write a != b"},
    Habit{"not", "did you mean 'and !'?"},
    Habit{"NOT", "did you mean 'and !'?"},
    Habit{"in", "there is no 'in': write x == 1 or x == 2, or x == r\"^(1|2)$\""},
    Habit{"IN", "there is no 'IN': write x == 1 or x == 2, or x == r\"^(1|2)$\""},
    Habit{"matches", "did you mean '== r\"...\"'?"},
    Habit{"MATCHES", "did you mean '== r\"...\"'?"},
    Habit{"like", "did you mean '.contains(\"...\")'?"},
    Habit{"LIKE", "did you mean '.contains(\"...\")'?"},
    Habit{"contains", "did you mean '.contains(\"...\")'?"},
    Habit{"startsWith", "did you mean '.startsWith(\"...\")'?"},
    Habit{"endsWith", "did you mean '.endsWith(\"...\")'?"},
    Habit{"is", "did you mean '=='?"},
    Habit{"eq", "did you mean '=='?"},
    Habit{"ne", "did you mean '!='?"},
    Habit{"gt", "did you mean '>'?"},
    Habit{"ge", "did you mean '>='?"},
    Habit{"lt", "did you mean '<'?"},
    Habit{"le", "did you mean '<='?"},
    Habit{"between", "write x >= 1 and x <= 2"},
    Habit{"exists", "a selector by itself is true when it is there and not empty"},
};

// Signs of other languages, wherever they are found; longer ones first.
constexpr std::array signs = {
    Habit{"&&", "did you mean 'and'?"},
    Habit{"||", "did you mean 'or'?"},
    Habit{"&", "did you mean 'and'?"},
    Habit{"|", "did you mean 'or'?"},
    Habit{"=~", "did you mean '== r\"...\"'?"},
    Habit{"~", "did you mean '== r\"...\"'?"},
    Habit{"=", "did you mean '=='?"},
    Habit{"'", "texts stand in double quotes: \"...\""},
    Habit{"`", "texts stand in double quotes: \"...\""},
    Habit{"\u201c", "texts stand in straight double quotes: \"...\""},
    Habit{"\u201d", "texts stand in straight double quotes: \"...\""},
    Habit{"/", "a regular expression is written r\"...\""},
    Habit{"{", "there are no sets: write x == 1 or x == 2"},
    Habit{"$", "a selector begins with a name: request.method"},
    Habit{".", "a selector begins with a name: request.method"},
    Habit{"+", "there is no arithmetic"},
    Habit{"*", "there is no arithmetic"},
    Habit{"%", "there is no arithmetic"},
    Habit{"-", "there is no arithmetic"},
    Habit{"#", "a comment begins with //"},
    Habit{";", "a statement is one condition: join conditions with 'and'"},
    Habit{")", "there is no '(' for this"},
    Habit{"]", "there is no '[' for this"},
};

std::string_view hint_in(auto const& habits, const auto& fits) {
  const auto found = std::find_if(habits.begin(), habits.end(), fits);
  return found == habits.end() ? std::string_view{} : found->hint;
}

bool only_blanks(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_blank);
}

Problem number_problem(std::string_view text, Problem problem) {
  std::size_t begin = problem.place;
  while (begin > 0 && (is_name_character(text[begin - 1]) || text[begin - 1] == '.')) --begin;
  problem.place = begin;
  const std::string_view number = text.substr(begin);
  if (number.starts_with("0x") || number.starts_with("0X")) problem.hint = "numbers are decimal";
  const std::size_t point = number.find('.');
  if (point != std::string_view::npos && std::count(number.begin(), number.end(), '.') > 1) {
    problem.hint = "addresses stand in double quotes: \"10.0.0.1\"";
  } else if (point != std::string_view::npos) {
    problem.hint = "digits stand on both sides of the point: 5.0";
  }
  return problem;
}

}  // namespace

Problem explained(std::string_view text, Problem problem) {
  if (problem.message == "this is not a number") return number_problem(text, problem);
  if (!problem.message.starts_with("expected")) return problem;
  const std::string_view rest = text.substr(std::min(problem.place, text.size()));
  const std::string_view before = text.substr(0, problem.place);
  const bool operator_expected = problem.message.find("expected 'and'") != std::string::npos;
  if (operator_expected && only_blanks(before)) problem.message = "expected a condition";

  const std::string_view word = word_at(text, problem.place);
  const std::string_view previous = word_before(text, problem.place);
  if (operator_expected && (previous == "not" || previous == "NOT") && !rest.empty()) {
    problem.place = static_cast<std::size_t>(previous.data() - text.data());
    return {problem.place, "unknown word '" + std::string(previous) + "'", "did you mean '!'?"};
  }
  if (!word.empty()) {
    const auto is_word = [&](const Habit& habit) { return habit.written == word; };
    if (operator_expected) problem.hint = hint_in(operator_words, is_word);
    return problem;
  }
  // "===", "==~", "<>" and "=>" fail behind their first sign.
  if (before.ends_with("==") && rest.starts_with('=')) {
    problem.hint = "did you mean '=='?";
  } else if (before.ends_with('<') && rest.starts_with('>')) {
    problem.hint = "did you mean '!='?";
  } else if (rest.starts_with("=>")) {
    problem.hint = "did you mean '>='?";
  } else if (rest.starts_with("=<")) {
    problem.hint = "did you mean '<='?";
  } else {
    problem.hint = hint_in(signs, [&](const Habit& habit) { return rest.starts_with(habit.written); });
  }
  return problem;
}

namespace {

constexpr std::size_t longest_measured = 96;

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

// Insertions, deletions, replacements and exchanges of neighbours; case does not count.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, longest_measured + 1>, 3> rows{};
  auto* older = &rows[0];
  auto* previous = &rows[1];
  auto* row = &rows[2];
  for (std::size_t j = 0; j <= b.size(); ++j) (*previous)[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    (*row)[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      std::size_t best = std::min({(*previous)[j] + 1, (*row)[j - 1] + 1, (*previous)[j - 1] + (same ? 0 : 1)});
      const bool exchanged = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (exchanged) best = std::min(best, (*older)[j - 2] + 1);
      (*row)[j] = best;
    }
    std::swap(older, previous);
    std::swap(previous, row);
  }
  return (*previous)[b.size()];
}

std::string_view last_name(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

// "request.query" for "request.queryString": a beginning of at least four letters that was not finished.
bool is_beginning(std::string_view name, std::string_view candidate) {
  return last_name(name).size() >= 4 && candidate.starts_with(name);
}

}  // namespace

std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.empty() || name.size() > longest_measured) return {};
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    const bool shorter = best.empty() || candidate.size() < best.size();
    if (shorter && is_beginning(name, candidate)) best = candidate;
  }
  if (!best.empty()) return best;
  std::size_t smallest = std::max<std::size_t>(1, name.size() / 4) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > longest_measured) continue;
    const std::size_t apart = distance(name, candidate);
    if (apart >= smallest) continue;
    smallest = apart;
    best = candidate;
  }
  return best;
}

std::string_view foreign_selector(std::string_view path) {
  struct Translation {
    std::string_view theirs, ours;
  };
  static constexpr std::array table = {
      // Wireshark
      Translation{"http.request.method", "request.method"},
      Translation{"http.request.uri", "request.url"},
      Translation{"http.request.full_uri", "request.url"},
      Translation{"http.request.version", "request.httpVersion"},
      Translation{"http.request", "request"},
      Translation{"http.response", "response"},
      Translation{"http.response.code", "response.status"},
      Translation{"http.response.phrase", "response.statusText"},
      Translation{"http.host", "request.headers[\"Host\"]"},
      Translation{"http.user_agent", "request.headers[\"User-Agent\"]"},
      Translation{"http.cookie", "request.headers[\"Cookie\"]"},
      Translation{"http.authorization", "request.headers[\"Authorization\"]"},
      Translation{"http.referer", "request.headers[\"Referer\"]"},
      Translation{"http.content_type", "response.headers[\"Content-Type\"]"},
      Translation{"http.server", "response.headers[\"Server\"]"},
      Translation{"http.location", "response.headers[\"Location\"]"},
      Translation{"http.file_data", "response.content.text"},
      Translation{"http.time", "elapsedTime"},
      Translation{"http2.headers.status", "response.status"},
      Translation{"http2.headers.method", "request.method"},
      Translation{"http2.headers.path", "request.path"},
      Translation{"ip.src", "src.ip"},
      Translation{"ip.dst", "dst.ip"},
      Translation{"ip.addr", "src.ip"},
      Translation{"ip.host", "src.ip"},
      Translation{"ipv6.src", "src.ip"},
      Translation{"ipv6.dst", "dst.ip"},
      Translation{"ipv6.addr", "src.ip"},
      Translation{"tcp.port", "dst.port"},
      Translation{"tcp.srcport", "src.port"},
      Translation{"tcp.dstport", "dst.port"},
      Translation{"tcp.stream", "stream"},
      Translation{"tcp.flags.reset", "state"},
      Translation{"udp.port", "dst.port"},
      Translation{"udp.srcport", "src.port"},
      Translation{"udp.dstport", "dst.port"},
      Translation{"udp.stream", "stream"},
      Translation{"frame.time", "startTime"},
      Translation{"frame.time_epoch", "timestamp"},
      Translation{"dns.qry.name", "request.questions[0].name"},
      Translation{"dns.qry.type", "request.questions[0].type"},
      Translation{"dns.a", "response.answers[0].ip"},
      Translation{"dns.flags.rcode", "response.rcode"},
      Translation{"dns.flags.response", "response"},
      Translation{"dns.time", "elapsedTime"},
      Translation{"tls.handshake.extensions_server_name", "request.sni"},
      Translation{"ssl.handshake.extensions_server_name", "request.sni"},
      Translation{"tls.handshake.version", "request.version"},
      Translation{"icmp.type", "request.type"},
      Translation{"icmp.code", "request.code"},
      Translation{"kafka.api_key", "request.apiKey"},
      Translation{"pgsql.query", "request.query"},
      Translation{"mysql.query", "request.query"},
      // KFL2
      Translation{"method", "request.method"},
      Translation{"path", "request.path"},
      Translation{"url", "request.url"},
      Translation{"host", "request.headers[\"Host\"]"},
      Translation{"status", "response.status"},
      Translation{"status_code", "response.status"},
      Translation{"status_text", "response.statusText"},
      Translation{"headers", "request.headers"},
      Translation{"request_headers", "request.headers"},
      Translation{"response_headers", "response.headers"},
      Translation{"query_string", "request.queryString"},
      Translation{"elapsed_time", "elapsedTime"},
      Translation{"request_size", "requestSize"},
      Translation{"response_size", "responseSize"},
      Translation{"http_version", "request.httpVersion"},
      Translation{"src_ip", "src.ip"},
      Translation{"dst_ip", "dst.ip"},
      Translation{"src_port", "src.port"},
      Translation{"dst_port", "dst.port"},
      Translation{"src.pod.name", "src.pod.metadata.name"},
      Translation{"dst.pod.name", "dst.pod.metadata.name"},
      Translation{"src.pod.namespace", "src.pod.metadata.namespace"},
      Translation{"dst.pod.namespace", "dst.pod.metadata.namespace"},
      Translation{"src.service.name", "src.service.metadata.name"},
      Translation{"dst.service.name", "dst.service.metadata.name"},
      Translation{"dns_questions", "request.questions"},
      Translation{"dns_answers", "response.answers"},
      Translation{"redis_command", "request.command"},
      Translation{"redis_key", "request.key"},
      Translation{"kafka_api_key_name", "request.apiKeyName"},
      Translation{"gql_query", "request.graphql.query"},
      // Values that are written otherwise here
      Translation{"null", "nil"},
      Translation{"None", "nil"},
      Translation{"True", "true"},
      Translation{"TRUE", "true"},
      Translation{"False", "false"},
      Translation{"FALSE", "false"},
      Translation{"postgresql", "postgres"},
      Translation{"pgsql", "postgres"},
      Translation{"mongo", "mongodb"},
      Translation{"graphql", "gql"},
      Translation{"websocket", "ws"},
      Translation{"ssl", "tls"},
      Translation{"icmpv6", "icmp"},
      Translation{"icmp6", "icmp"},
  };
  const auto found = std::find_if(table.begin(), table.end(), [&](const Translation& t) { return t.theirs == path; });
  return found == table.end() ? std::string_view{} : found->ours;
}

}  // namespace wiretape::kfl
