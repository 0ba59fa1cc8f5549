// Patterns of policies: * and ?, variables, ARNs. Compiled when a policy is parsed.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "platform/policy/policy.h"

namespace aloft::policy::internal {

// The six parts of an ARN; the last one keeps its colons. Fewer where there are fewer colons.
struct ArnParts {
  std::array<std::string_view, 6> part;
  int count = 0;
};
ArnParts SplitArn(std::string_view arn);

// Text with the wildcards * and ?, and with variables: ${aws:username}, ${aws:PrincipalTag/team, 'none'}; ${*}, ${?}
// and ${$} are those characters themselves. The value of a variable is text, never a wildcard.
class Pattern {
 public:
  // `wildcards` false: * and ? are ordinary characters. `variables` false: ${ is ordinary text (version 2008-10-17).
  static Result<Pattern> Parse(std::string_view text, bool wildcards, bool variables);

  // Absent where a variable has neither value nor default: then nothing matches, and its negation does not either.
  std::optional<bool> Matches(std::string_view text, const Keys& keys) const;
  // The same without regard to case (ASCII).
  std::optional<bool> MatchesIgnoringCase(std::string_view text, const Keys& keys) const;
  // Part by part: a wildcard does not reach over a colon, except in the last of the six parts.
  std::optional<bool> MatchesArn(std::string_view arn, const Keys& keys) const;
  // The same with the ARN's parts, which who asks many patterns splits once.
  std::optional<bool> MatchesArn(std::string_view arn, const ArnParts& parts, const Keys& keys) const;

  bool any() const { return kind_ == Kind::kAny; }
  // The pattern as written, where it is an ARN: its colons make six parts.
  bool IsArn() const;
  bool has_variables() const { return kind_ == Kind::kVariables; }
  bool has_wildcards() const { return wildcards_ && text_.find_first_of("*?") != std::string::npos; }
  // The variables, as they are written.
  void AddVariables(std::set<std::string>& out) const;
  const std::string& text() const { return text_; }

 private:
  enum class Kind { kAny, kExact, kWild, kVariables };
  // A character, or a wildcard.
  using Token = std::int16_t;
  using Tokens = std::vector<Token>;
  struct Piece {
    Tokens literal;
    std::string variable;  // lower case; empty: the piece is literal
    std::string written;   // the variable as the document has it
    std::optional<std::string> fallback;
  };
  std::optional<Tokens> Expand(const Keys& keys) const;

  Kind kind_ = Kind::kExact;
  bool wildcards_ = true;
  std::string text_;
  std::vector<Piece> pieces_;
  // kWild: its parts as an ARN.
  struct Part {
    std::string text;
    bool wild;
  };
  std::vector<Part> parts_;
};

}  // namespace aloft::policy::internal
