// Who is asking, what they ask in, and what the answer was: the plain vocabulary that every API passes along.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "platform/policy/types.h"

namespace aloft::identity {

using policy::Context;
using policy::Decision;
using policy::Policy;
using policy::ResourceFacts;

enum class PrincipalKind {
  kNobody,  // no authenticator vouched for the caller
  kRoot,    // the account itself
  kUser,
  kRole,     // an assumed-role session
  kToken,    // an endpoint token: may invoke one endpoint, nothing else
  kService,  // a part of this cloud asking for itself; only policies of resources let it in
};

// An authenticated caller. A copy is cheap enough to live in each call.
struct Session {
  PrincipalKind kind = PrincipalKind::kNobody;
  AccountId account;
  // As GetCallerIdentity shows it: arn:aws:iam::..:user/u, arn:aws:sts::..:assumed-role/r/s. kService: its name,
  // "cloudtrail.amazonaws.com".
  std::string arn;
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
  std::string source_identity;               // set once, kept by every role that is assumed from here
  std::vector<std::string> transitive_tags;  // keys among `tags` that pass on to the next role
  // Of a web identity: its provider's ARN, and what its token said, by condition key ("issuer.example/path:sub").
  std::string federated_provider;
  std::map<std::string, std::string> claims;
  std::string id;  // of a token that can be revoked by itself; empty: only with its principal

  // kToken only.
  Region region;
  std::string endpoint;

  bool temporary() const { return expires != Time{}; }
};

}  // namespace aloft::identity
