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

struct Decision {
  // Which kind of policy said no, or did not say yes.
  enum class Source { kIdentity, kBoundary, kSession, kResource };

  bool allowed = false;
  bool explicit_deny = false;
  Source source = Source::kIdentity;
  std::string why{};  // the statement that decided, or what is missing; for `aloft iam why` and the log
};

}  // namespace aloft::identity
