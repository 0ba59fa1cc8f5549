#include "foundation/sql/dialect.h"

#include <algorithm>
#include <array>
#include <utility>

#include "foundation/base/bytes.h"

namespace aloft::sql {
namespace {

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Where the quoted text that begins at `at` ends.
std::size_t SkipQuoted(std::string_view text, std::size_t at) {
  std::size_t end = text.find(text[at], at + 1);
  return end == std::string_view::npos ? text.size() : end + 1;
}

// The words of `text` outside quotes, each given to `replace`.
template <class F>
std::string MapWords(std::string_view text, F replace) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (text[at] == '\'' || text[at] == '"') {
      end = SkipQuoted(text, at);
      out.append(text.substr(at, end - at));
    } else if (IsWord(text[at])) {
      while (end < text.size() && IsWord(text[end])) ++end;
      out.append(replace(text.substr(at, end - at)));
    } else {
      out.push_back(text[at]);
    }
    at = end;
  }
  return out;
}

std::string_view PostgresType(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTypes{{
      {"INTEGER", "BIGINT"},
      {"REAL", "DOUBLE PRECISION"},
      {"TEXT", "TEXT COLLATE \"C\""},
      {"BLOB", "BYTEA"},
  }};
  for (auto [ours, theirs] : kTypes)
    if (EqualsIgnoreCase(word, ours)) return theirs;
  return word;
}

bool StartsWith(std::string_view statement, std::string_view words) {
  return EqualsIgnoreCase(Trim(statement).substr(0, words.size()), words);
}

}  // namespace

std::string TranslateSchema(Engine engine, std::string_view statement) {
  bool create = StartsWith(statement, "CREATE TABLE");
  if (!create && !StartsWith(statement, "ALTER TABLE")) return std::string(statement);
  if (engine == Engine::kPostgres) {
    // What follows the last parenthesis of CREATE TABLE are SQLite's options.
    if (create) statement = statement.substr(0, statement.rfind(')') + 1);
    return MapWords(statement, PostgresType);
  }
  std::string out(Trim(statement));
  if (!create) return out;
  std::string options = ToLower(Trim(std::string_view(out).substr(out.rfind(')') + 1)));
  if (options.find("strict") != std::string::npos) return out;
  return out + (options.empty() ? " STRICT" : ", STRICT");
}

Status CheckPortable(std::string_view statement, std::size_t parameters) {
  auto refuse = [&](const char* why) { return Fail(kInternal, "Internal error.", why + std::string(statement)); };
  if (StartsWith(statement, "INSERT OR") || StartsWith(statement, "UPDATE OR") || StartsWith(statement, "REPLACE"))
    return refuse("not portable, use ON CONFLICT: ");
  std::size_t greatest = 0;
  for (std::size_t at = 0; at < statement.size();) {
    if (statement[at] == '\'' || statement[at] == '"') {
      at = SkipQuoted(statement, at);
      continue;
    }
    if (statement[at] == '?') return refuse("not portable, use $1: ");
    if (statement[at++] != '$') continue;
    std::size_t number = 0;
    while (at < statement.size() && statement[at] >= '0' && statement[at] <= '9' && number < 100'000)
      number = number * 10 + static_cast<std::size_t>(statement[at++] - '0');
    greatest = std::max(greatest, number);
  }
  if (greatest != parameters) return refuse("the number of parameters differs: ");
  return {};
}

}  // namespace aloft::sql
