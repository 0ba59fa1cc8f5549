#include "platform/factors/service.h"

#include "foundation/base/bytes.h"
#include "platform/factors/totp.h"
#include "platform/identity/state.h"

namespace aloft::factors {

using identity::Entity;
using identity::EntityKind;
using identity::Session;

namespace {

constexpr std::size_t kSeedBytes = 20, kMostHistory = 24;

std::string SeedContext(std::string_view serial) {
  return "factors/totp/" + std::string(serial);
}
std::string HashContext(const Login& login) {
  return "factors/password/" + login.account.value() + "/" + login.owner;
}
Error BadCode() {
  return Fail(kInvalidAuthenticationCode, "MultiFactorAuthentication failed with invalid MFA one time pass code. ");
}
Error Refused() {
  return Fail(kSignInFailed, "The account, the name, the password or the code is wrong.");
}

bool IsAccountId(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

Service::Service(identity::Service& identity)
    : identity_(identity),
      hasher_(identity.state().random),
      codes_({}, identity.state().clock),
      names_({}, identity.state().clock),
      addresses_({.free_failures = 20}, identity.state().clock) {}

Status Service::VerifyCode(const AccountId& account, const std::string& user_id, const std::string& serial,
                           std::string_view code) {
  const std::string who = account.value() + "/" + user_id;
  ALOFT_TRY(codes_.Check(who));
  identity::Service::State& state = identity_.state();
  const auto verified = state.database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(auto device, records::FindDevice(t, account, serial));
    if (!device || device->owner != user_id || user_id.empty()) return BadCode();
    ALOFT_ASSIGN(const std::string seed, OpenSeed(*device));
    const auto step = MatchCode(seed, code, state.clock.Now(), device->drift, device->last_step);
    if (!step) return BadCode();
    device->last_step = *step;
    return records::PutDevice(t, *device);
  });
  if (verified.ok()) {
    codes_.Succeeded(who);
  } else if (verified.error().reason == kInvalidAuthenticationCode) {
    codes_.Failed(who);
  }
  return verified;
}

std::string Service::NewSeed() {
  std::string seed(kSeedBytes, '\0');
  identity_.state().random.Fill({reinterpret_cast<std::uint8_t*>(seed.data()), seed.size()});
  return seed;
}

std::string Service::SealSeed(std::string_view serial, std::string_view seed) const {
  return identity_.state().keyring.Seal(seed, SeedContext(serial));
}

Result<std::string> Service::OpenSeed(const Device& device) const {
  return identity_.state().keyring.Open(device.sealed_seed, SeedContext(device.serial));
}

Status Service::SetPassword(const PasswordPolicy& policy, std::string_view user_name, std::string_view password,
                            Login& login) {
  ALOFT_TRY(CheckPassword(policy, password, user_name));
  const keys::Keyring& keyring = identity_.state().keyring;
  if (!login.sealed_hash.empty()) {
    login.sealed_history.insert(login.sealed_history.begin(), login.sealed_hash);
    if (login.sealed_history.size() > kMostHistory) login.sealed_history.resize(kMostHistory);
  }
  for (std::size_t i = 0; i < login.sealed_history.size() && i < static_cast<std::size_t>(policy.reuse_prevention);
       ++i) {
    ALOFT_ASSIGN(const std::string old, keyring.Open(login.sealed_history[i], HashContext(login)));
    if (hasher_.Matches(password, old))
      return Fail(kPasswordPolicyViolation,
                  "Password does not conform to the account password policy: it was used before");
  }
  ALOFT_ASSIGN(const std::string hash, hasher_.Hash(password));
  login.sealed_hash = keyring.Seal(hash, HashContext(login));
  login.changed = identity_.state().clock.Now();
  if (login.created == Time{}) login.created = login.changed;
  return {};
}

bool Service::Matches(const Login& login, std::string_view password) {
  const auto hash = identity_.state().keyring.Open(login.sealed_hash, HashContext(login));
  return hash.ok() && hasher_.Matches(password, *hash);
}

Result<Service::SignIn> Service::Check(const std::string& account, const std::string& user, std::string_view password,
                                       std::string_view code, const std::string& address) {
  const std::string who = account + "/" + ToLower(user);
  ALOFT_TRY(addresses_.Check(address));
  ALOFT_TRY(names_.Check(who));
  auto checked = CheckUnthrottled(account, user, password, code);
  if (checked.ok()) {
    names_.Succeeded(who);
    addresses_.Succeeded(address);
  } else if (checked.error().reason == kSignInFailed) {
    names_.Failed(who);
    addresses_.Failed(address);
  }
  return checked;
}

Result<Service::SignIn> Service::CheckUnthrottled(const std::string& account, const std::string& user,
                                                  std::string_view password, std::string_view code) {
  identity::Service::State& state = identity_.state();
  struct Found {
    std::optional<Entity> user;
    std::optional<Login> login;
    std::vector<Device> devices;
    PasswordPolicy policy;
  };
  ALOFT_ASSIGN(Found found, state.database.Read([&](sql::Reader& reader) -> Result<Found> {
    Found out;
    std::optional<AccountId> id;
    if (IsAccountId(account)) {
      id = AccountId(account);
    } else {
      ALOFT_ASSIGN(id, records::FindAliasOwner(reader, account));
    }
    if (!id) return out;
    ALOFT_ASSIGN(out.user, identity::records::Find(reader, *id, EntityKind::kUser, user));
    if (!out.user) return out;
    ALOFT_ASSIGN(out.login, records::FindLogin(reader, *id, out.user->id));
    ALOFT_ASSIGN(out.devices, records::ListDevicesOf(reader, *id, out.user->id));
    ALOFT_ASSIGN(out.policy, records::FindPasswordPolicy(reader, *id));
    return out;
  }));
  if (!found.user || !found.login) {
    (void)hasher_.Matches(password, "");
    return Refused();
  }
  if (!Matches(*found.login, password)) return Refused();
  SignIn out;
  Session& session = out.session;
  session.kind = identity::PrincipalKind::kUser;
  session.account = found.user->account;
  session.arn = found.user->Arn();
  session.principal_id = found.user->id;
  session.user_name = found.user->name;
  ALOFT_TRY(identity::CheckOpen(state, session));
  for (const Device& device : found.devices) {
    if (session.mfa != Time{}) break;
    if (VerifyCode(session.account, found.user->id, device.serial, code).ok()) session.mfa = state.clock.Now();
  }
  if (!found.devices.empty() && session.mfa == Time{}) return Refused();
  const auto age = state.clock.Now() - found.login->changed;
  const bool expired = found.policy.max_age_days > 0 && age > std::chrono::hours(24 * found.policy.max_age_days);
  if (expired && found.policy.hard_expiry)
    return Fail(kPasswordExpired, "The password has expired. An administrator must set a new one.");
  out.reset_required = found.login->reset_required || expired;
  ALOFT_TRY(state.database.Write([&](sql::Transaction& t) {
    return records::SetLoginUsed(t, session.account, session.principal_id, state.clock.Now());
  }));
  return out;
}

}  // namespace aloft::factors
