// Policy documents, compiled: pure decisions over plain data. Nothing here stores or fetches.
//
//   ALOFT_ASSIGN(auto policy, Policy::Parse(text, PolicyUse::kIdentity));
//   Verdict verdict = policy->Evaluate(Query{"s3:GetObject", "arn:aws:s3:::b/k", keys});
//
// The language: Effect, Action/NotAction, Resource/NotResource with * and ?, Principal/NotPrincipal, the condition
// operators String*, Arn*, Numeric*, Date*, Bool, Binary, IpAddress, Null with IfExists, ForAllValues and ForAnyValue,
// and variables with defaults (${aws:username}, ${aws:PrincipalTag/team, 'none'}).
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "platform/policy/errors.h"
#include "platform/policy/types.h"

namespace aloft::policy {

enum class PolicyUse {
  kIdentity,  // attached to a user, group, role; a boundary; a session policy; a service control policy: no Principal
  kTrust,     // of a role: Principal, no Resource
  kResource,  // of a bucket, key, ...; a resource control policy: Principal and Resource
};

struct Verdict {
  enum class Effect { kNone, kAllow, kDeny };
  // Whom the deciding statement's principal names. kRole: the role or user that a session was made from. kSelf: the
  // caller itself, or everyone.
  enum class Names { kNobody, kAccount, kRole, kSelf };

  Effect effect = Effect::kNone;
  int statement = -1;  // the index of the statement that decided
  Names names = Names::kNobody;
};

// Where a statement stands in its document, lines and columns from 1; the end is behind its last character.
struct Place {
  int start_line = 0, start_column = 0, end_line = 0, end_column = 0;
};

class Policy {
 public:
  // kMalformedPolicyDocument names the place: "Statement[1].Condition: unknown operator StringSame".
  static Result<std::shared_ptr<const Policy>> Parse(std::string_view document, PolicyUse use);
  ~Policy();

  // A Deny wins over every Allow; of several Allows the one that names the caller most closely decides. Does not
  // allocate unless a pattern holds a variable.
  Verdict Evaluate(const Query& query) const;

  // Every statement that applies, in the document's order: for explanations, not for decisions.
  std::vector<int> Matching(const Query& query) const;

  std::size_t size() const;
  bool denies(int statement) const;
  // Where it stands in the document.
  Place PlaceOf(int statement) const;
  // "statement 2 (Sid AllowRead)".
  std::string NameOf(int statement) const;

  // The condition keys that conditions and variables ask for, as they are written, each once.
  const std::vector<std::string>& keys() const;

  // A resource's policy whose Allows reach beyond a fixed set of principals or places, as S3 defines it.
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
  bool is_public() const;

 private:
  struct State;
  explicit Policy(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether `text` matches `pattern` with * (any run, empty too) and ? (any one character). Exact case.
bool MatchesWildcard(std::string_view pattern, std::string_view text);

}  // namespace aloft::policy
