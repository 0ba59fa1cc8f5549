#include "platform/policy/pattern.h"

#include <span>

#include "foundation/base/bytes.h"
#include "platform/policy/errors.h"

namespace aloft::policy {
namespace internal {
namespace {

constexpr std::int16_t kAnyRun = -1;
constexpr std::int16_t kAnyOne = -2;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Greedy with one point of return: linear for usual patterns, never exponential.
template <class At, class Same>
bool Match(std::size_t pattern_size, const At& token, std::string_view text, const Same& same) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern_size && token(p) == kAnyRun) {
      star = p++;
      resume = t;
    } else if (p < pattern_size && (token(p) == kAnyOne || same(token(p), text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern_size && token(p) == kAnyRun) ++p;
  return p == pattern_size;
}

std::int16_t TokenOf(char c, bool wildcards) {
  if (wildcards && c == '*') return kAnyRun;
  if (wildcards && c == '?') return kAnyOne;
  return static_cast<unsigned char>(c);
}

bool SameCase(std::int16_t token, char c) {
  return token == static_cast<unsigned char>(c);
}
bool AnyCase(std::int16_t token, char c) {
  return token >= 0 && Lower(static_cast<char>(token)) == Lower(c);
}

template <class Same>
bool MatchText(std::string_view pattern, bool wildcards, std::string_view text, const Same& same) {
  return Match(
      pattern.size(), [&](std::size_t i) { return TokenOf(pattern[i], wildcards); }, text, same);
}

template <class Same>
bool MatchTokens(std::span<const std::int16_t> tokens, std::string_view text, const Same& same) {
  return Match(
      tokens.size(), [&](std::size_t i) { return tokens[i]; }, text, same);
}

Error BadVariable(std::string_view text) {
  return Fail(kMalformedPolicyDocument, "The policy variable in \"" + std::string(text) + "\" is not complete.");
}

}  // namespace

ArnParts SplitArn(std::string_view arn) {
  ArnParts out;
  while (out.count < 5) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) break;
    out.part[static_cast<std::size_t>(out.count++)] = arn.substr(0, colon);
    arn.remove_prefix(colon + 1);
  }
  out.part[static_cast<std::size_t>(out.count++)] = arn;
  return out;
}

Result<Pattern> Pattern::Parse(std::string_view text, bool wildcards, bool variables) {
  Pattern out;
  out.text_ = text;
  out.wildcards_ = wildcards;
  const bool has_variable = variables && text.find("${") != std::string_view::npos;
  if (!has_variable) {
    const bool wild = wildcards && text.find_first_of("*?") != std::string_view::npos;
    out.kind_ = wildcards && text == "*" ? Kind::kAny : wild ? Kind::kWild : Kind::kExact;
    if (out.kind_ == Kind::kWild) {
      const ArnParts parts = SplitArn(text);
      for (int i = 0; i < parts.count; ++i) {
        const std::string_view part = parts.part[static_cast<std::size_t>(i)];
        out.parts_.push_back({std::string(part), part.find_first_of("*?") != std::string_view::npos});
      }
    }
    return out;
  }
  out.kind_ = Kind::kVariables;
  Tokens literal;
  while (!text.empty()) {
    if (!text.starts_with("${")) {
      literal.push_back(TokenOf(text.front(), wildcards));
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return BadVariable(out.text_);
    std::string_view inside = text.substr(2, end - 2);
    text.remove_prefix(end + 1);
    if (inside == "*" || inside == "?" || inside == "$") {
      literal.push_back(static_cast<unsigned char>(inside.front()));
      continue;
    }
    Piece piece;
    if (const std::size_t comma = inside.find(','); comma != std::string_view::npos) {
      const std::string_view fallback = Trim(inside.substr(comma + 1));
      if (fallback.size() < 2 || fallback.front() != '\'' || fallback.back() != '\'') return BadVariable(out.text_);
      piece.fallback = std::string(fallback.substr(1, fallback.size() - 2));
      inside = inside.substr(0, comma);
    }
    piece.written = Trim(inside);
    piece.variable = ToLower(piece.written);
    if (piece.variable.empty() || piece.variable.find_first_of("*? ") != std::string::npos)
      return BadVariable(out.text_);
    if (!literal.empty()) out.pieces_.push_back(Piece{std::move(literal), "", "", {}});
    literal.clear();
    out.pieces_.push_back(std::move(piece));
  }
  if (!literal.empty()) out.pieces_.push_back(Piece{std::move(literal), "", "", {}});
  return out;
}

void Pattern::AddVariables(std::set<std::string>& out) const {
  for (const Piece& piece : pieces_)
    if (!piece.variable.empty()) out.insert(piece.written);
}

bool Pattern::IsArn() const {
  return text_.starts_with("arn:") && SplitArn(text_).count == 6;
}

std::optional<Pattern::Tokens> Pattern::Expand(const Keys& keys) const {
  Tokens out;
  for (const Piece& piece : pieces_) {
    out.insert(out.end(), piece.literal.begin(), piece.literal.end());
    if (piece.variable.empty()) continue;
    const std::span<const std::string> values = keys.Find(piece.variable);
    // A key with several values has no single text to stand in its place.
    if (values.size() != 1 && !piece.fallback) return std::nullopt;
    for (const char c : values.size() == 1 ? values.front() : *piece.fallback)
      out.push_back(static_cast<unsigned char>(c));
  }
  return out;
}

std::optional<bool> Pattern::Matches(std::string_view text, const Keys& keys) const {
  switch (kind_) {
    case Kind::kAny: return true;
    case Kind::kExact: return text_ == text;
    case Kind::kWild: return MatchText(text_, true, text, SameCase);
    case Kind::kVariables: break;
  }
  const auto tokens = Expand(keys);
  if (!tokens) return std::nullopt;
  return MatchTokens(*tokens, text, SameCase);
}

std::optional<bool> Pattern::MatchesIgnoringCase(std::string_view text, const Keys& keys) const {
  if (kind_ == Kind::kAny) return true;
  if (kind_ != Kind::kVariables) return MatchText(text_, wildcards_, text, AnyCase);
  const auto tokens = Expand(keys);
  if (!tokens) return std::nullopt;
  return MatchTokens(*tokens, text, AnyCase);
}

std::optional<bool> Pattern::MatchesArn(std::string_view arn, const Keys& keys) const {
  return MatchesArn(arn, SplitArn(arn), keys);
}

std::optional<bool> Pattern::MatchesArn(std::string_view arn, const ArnParts& have, const Keys& keys) const {
  if (kind_ == Kind::kAny) return true;
  if (kind_ == Kind::kExact) return text_ == arn;
  if (kind_ == Kind::kWild) {
    if (parts_.size() != static_cast<std::size_t>(have.count)) return false;
    // From the right: resources differ more often than partitions.
    for (std::size_t i = parts_.size(); i-- > 0;) {
      const Part& want = parts_[i];
      if (want.wild ? !MatchText(want.text, true, have.part[i], SameCase) : want.text != have.part[i]) return false;
    }
    return true;
  }
  const auto tokens = Expand(keys);
  if (!tokens) return std::nullopt;
  std::span<const Token> rest(*tokens);
  for (int i = 0; i < have.count; ++i) {
    std::size_t end = 0;
    while (end < rest.size() && rest[end] != ':') ++end;
    const bool last = i == 5;
    if (last) end = rest.size();
    if (!last && (end == rest.size()) != (i == have.count - 1)) return false;
    if (!MatchTokens(rest.first(end), have.part[static_cast<std::size_t>(i)], SameCase)) return false;
    rest = rest.subspan(end == rest.size() ? end : end + 1);
  }
  return rest.empty();
}

}  // namespace internal

bool MatchesWildcard(std::string_view pattern, std::string_view text) {
  return internal::MatchText(pattern, true, text, internal::SameCase);
}

std::span<const std::string> ContextKeys::Find(std::string_view key) const {
  // A handful of keys: comparing them is cheaper than making a string to look one up.
  for (const auto& [name, values] : context_)
    if (name == key) return values;
  return {};
}

}  // namespace aloft::policy
