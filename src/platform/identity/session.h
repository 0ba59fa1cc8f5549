// Who is asking, what they ask in, and what the answer was: the plain vocabulary that every API passes along.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"

namespace aloft::identity {

class Policy;  // policy.h

enum class PrincipalKind {
  kNobody,  // no authenticator vouched for the caller
  kRoot,    // the account itself
  kUser,
  kRole,   // an assumed-role session
  kToken,  // an endpoint token: may invoke one endpoint, nothing else
};

// An authenticated caller. A copy is cheap enough to live in each call.
struct Session {
  PrincipalKind kind = PrincipalKind::kNobody;
  AccountId account;
  std::string arn;           // as GetCallerIdentity shows it: arn:aws:iam::..:user/u, arn:aws:sts::..:assumed-role/r/s
  std::string principal_id;  // AIDA..., AROA...:session, or the account id for root
  std::string user_name;     // kUser: the user's name
  std::string role_arn;      // kRole: arn:aws:iam::..:role/path/r
  std::string role_session_name;
  std::string access_key_id;
  Time issued{};
  Time expires{};                           // zero: long-lived credentials
  Time mfa{};                               // when a second factor was shown; zero: never
  std::map<std::string, std::string> tags;  // aws:PrincipalTag/...
  // Passed when the session was made; what they do not allow, the session may not.
  std::vector<std::shared_ptr<const Policy>> session_policies;

  // kToken only.
  Region region;
  std::string endpoint;

  bool temporary() const { return expires != Time{}; }
};

// Condition keys, in lower case, with their values: {"aws:sourceip", {"10.0.0.7"}}.
using Context = std::map<std::string, std::vector<std::string>>;

// What a decision must know of the resource; the service that holds the resource tells (api::FactSource).
//
// Within the owner's account an Allow of an identity policy or of the resource's policy is enough; across accounts both
// are needed; nobody comes in but by the resource's policy.
struct ResourceFacts {
  AccountId owner;                       // the account that holds the resource; empty: the caller's own
  std::shared_ptr<const Policy> policy;  // parsed with PolicyUse::kResource or kTrust; null: the resource has none
  // Keys that follow from the resource: s3:existingobjecttag/color, aws:resourcetag/team.
  Context context;
  // A KMS key's policy, a role's trust: nothing opens without it, and identity policies count only where it names the
  // caller's account.
  bool gate = false;
  // Something of the resource beside its policy lets this caller do this: an ACL, a KMS grant. It counts like a
  // statement of the policy that names the caller; `granted_by` names it for people.
  bool granted = false;
  std::string granted_by{};
  // RestrictPublicBuckets: a policy that is public opens to nobody outside the owner's account.
  bool block_public = false;
};

struct Decision {
  // Which kind of policy said no, or did not say yes.
  enum class Source { kIdentity, kBoundary, kSession, kResource, kServiceControl, kResourceControl };

  bool allowed = false;
  bool explicit_deny = false;
  Source source = Source::kIdentity;
  std::string why{};  // the statement that decided, or what is missing; for `aloft iam why` and the log
};

}  // namespace aloft::identity
