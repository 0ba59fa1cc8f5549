// What the sources of this room share. Private to the room.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "platform/identity/account_records.h"
#include "platform/identity/records.h"
#include "platform/identity/service.h"
#include "platform/identity/session_keys.h"
#include "platform/policy/decide.h"

namespace aloft::identity {

using policy::Caller;
using policy::ContextKeys;
using policy::Grounds;
using policy::Guardrails;
using policy::Keys;
using policy::MatchesWildcard;
using policy::NamedPolicy;
using policy::PolicyUse;
using policy::PrincipalPolicies;
using policy::Query;
using policy::Verdict;

// Published snapshots by name, bounded. A value that was read before a change is not kept after it.
template <class V>
class SnapshotCache {
 public:
  explicit SnapshotCache(std::size_t capacity) : capacity_(capacity) {}

  // `load` gives Result<std::shared_ptr<const V>>; null is not kept.
  template <class Load>
  Result<std::shared_ptr<const V>> Get(const std::string& name, const Load& load) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
    }
    const std::uint64_t generation = generation_.load();
    ALOFT_ASSIGN(std::shared_ptr<const V> value, load());
    if (value == nullptr) return value;
    const std::unique_lock lock(mutex_);
    if (generation == generation_.load()) {
      if (by_name_.size() >= capacity_) by_name_.clear();
      by_name_.insert_or_assign(name, value);
    }
    return value;
  }

  void Clear() {
    const std::unique_lock lock(mutex_);
    ++generation_;
    by_name_.clear();
  }

 private:
  const std::size_t capacity_;
  std::shared_mutex mutex_;
  std::atomic<std::uint64_t> generation_{0};
  std::unordered_map<std::string, std::shared_ptr<const V>> by_name_;
};

// A user or role with everything that decides what it may do, compiled.
struct Principal {
  Entity entity;
  PrincipalPolicies policies;
  std::shared_ptr<const Policy> trust;  // of a role
};

// An account with the guardrails over it, compiled.
struct AccountFacts {
  AccountRecord record;
  Placement placement;
  Guardrails guardrails;
};

struct Service::State {
  State(sql::Database& db, const keys::Keyring& ring, const Clock& time, Random& dice, Log logger)
      : database(db), keyring(ring), clock(time), random(dice), log(std::move(logger)) {}

  sql::Database& database;
  const keys::Keyring& keyring;
  const Clock& clock;
  Random& random;
  Log log;

  SnapshotCache<Principal> principals{20'000};
  SnapshotCache<Credential> credentials{20'000};
  SnapshotCache<Credential> tokens{4'096};
  SnapshotCache<AccountFacts> accounts{10'000};
  SnapshotCache<std::set<std::string>> revoked{1};

  void Invalidate() {
    principals.Clear();
    credentials.Clear();
    accounts.Clear();
    revoked.Clear();
  }

  // A change of the directory: in one commit with its announcement, and the snapshots are forgotten before it returns.
  template <class F>
  auto Write(const AccountId& account, F&& closure) -> decltype(closure(std::declval<sql::Transaction&>())) {
    auto result = database.Write([&](sql::Transaction& t) -> decltype(closure(t)) {
      auto done = closure(t);
      if (done.ok()) t.Announce(kChangesTopic, account.value(), "1");
      return done;
    });
    if (result.ok()) Invalidate();
    return result;
  }
};

// Null where there is no such user or role.
Result<std::shared_ptr<const Principal>> FindPrincipal(Service::State& state, const AccountId& account, EntityKind kind,
                                                       const std::string& name);

// What the organization sets over an account; empty for the main account, which an organization never limits.
Result<std::shared_ptr<const Guardrails>> FindGuardrails(Service::State& state, const AccountId& account);

// The caller as policies with a Principal see it. Views into the session.
Caller CallerOf(const Session& session);

// Null where there is no such account in this installation.
Result<std::shared_ptr<const AccountFacts>> FindAccountFacts(Service::State& state, const AccountId& account);
// For the condition keys of organizations. `state` outlives it.
PlacementOf PlacementIn(Service::State& state);
// Whether the principal may come in at all: its account is open, and the token was not revoked. Of temporary
// credentials, their principal's `revoked_before` is a question of Authorize. kInvalidToken.
Status CheckOpen(Service::State& state, const Session& session);

// The document of a managed policy, AWS's or the account's; absent where there is none.
Result<std::optional<std::string>> ManagedDocument(sql::Reader& reader, const AccountId& account,
                                                   std::string_view policy_arn);

// "ada" of "arn:aws:iam::123456789012:user/division/ada", with its account; absent where the ARN is not of this kind.
struct EntityName {
  AccountId account;
  std::string name;
};
std::optional<EntityName> ParseEntityArn(std::string_view arn, EntityKind kind);

// "AIDA" and 17 more characters.
std::string NewEntityId(Random& random, std::string_view prefix);
// "AKIA" or "ASIA" and 16 more, which tell the account, as AWS's do.
std::string NewAccessKeyId(Random& random, std::string_view prefix, const AccountId& account);
std::optional<AccountId> AccountOfAccessKey(std::string_view access_key_id);
std::string NewSecret(Random& random);

}  // namespace aloft::identity
