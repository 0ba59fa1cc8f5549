#include "platform/credentials/login_profiles.h"

#include "platform/credentials/errors.h"
#include "platform/directory/common.h"

namespace aloft::credentials {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using directory::Require;
using factors::Login;
using factors::PasswordPolicy;
using identity::Session;

namespace {

struct Known {
  Entity user;
  std::optional<Login> login;
  PasswordPolicy policy;
};

Result<Known> Find(sql::Reader& reader, const AccountId& account, const std::string& name) {
  Known out;
  ALOFT_ASSIGN(out.user, Require(reader, account, EntityKind::kUser, name));
  ALOFT_ASSIGN(out.login, factors::records::FindLogin(reader, account, out.user.id));
  ALOFT_ASSIGN(out.policy, factors::records::FindPasswordPolicy(reader, account));
  return out;
}

Error NoProfile(const Entity& user) {
  return Fail(kNoSuchEntity, "Login Profile for User " + user.name + " cannot be found.");
}

// Stores what was made outside the transaction, unless somebody else changed the password meanwhile.
Status Store(sql::Transaction& t, const Login& login, Time changed_before) {
  ALOFT_ASSIGN(const auto now, factors::records::FindLogin(t, login.account, login.owner));
  if ((now ? now->changed : Time{}) != changed_before)
    return Fail(kConcurrentModification, "The password was changed by somebody else at the same time. Try again.");
  return factors::records::PutLogin(t, login);
}

}  // namespace

Result<iam::CreateLoginProfileResponse> LoginProfiles::CreateLoginProfile(const Session& session,
                                                                          const iam::CreateLoginProfileRequest& in) {
  ALOFT_ASSIGN(const std::string name, directory::UserNameOr(in.user_name, session));
  ALOFT_ASSIGN(const Known known,
               state_.database.Read([&](sql::Reader& reader) { return Find(reader, session.account, name); }));
  if (known.login) return Fail(kEntityAlreadyExists, "Login Profile for user " + known.user.name + " already exists.");
  if (!in.password) return Fail(kValidation, "A password must be given");
  Login login{.account = session.account, .owner = known.user.id};
  ALOFT_TRY(factors_.SetPassword(known.policy, known.user.name, *in.password, login));
  login.reset_required = in.password_reset_required.value_or(false);
  ALOFT_TRY(state_.Write(session.account, [&](sql::Transaction& t) { return Store(t, login, {}); }));
  return iam::CreateLoginProfileResponse{
      .login_profile = iam::LoginProfile{
          .user_name = known.user.name, .create_date = login.created, .password_reset_required = login.reset_required}};
}

Result<iam::GetLoginProfileResponse> LoginProfiles::GetLoginProfile(const Session& session,
                                                                    const iam::GetLoginProfileRequest& in) {
  ALOFT_ASSIGN(const std::string name, directory::UserNameOr(in.user_name, session));
  ALOFT_ASSIGN(const Known known,
               state_.database.Read([&](sql::Reader& reader) { return Find(reader, session.account, name); }));
  if (!known.login) return NoProfile(known.user);
  return iam::GetLoginProfileResponse{.login_profile =
                                          iam::LoginProfile{.user_name = known.user.name,
                                                            .create_date = known.login->created,
                                                            .password_reset_required = known.login->reset_required}};
}

Status LoginProfiles::UpdateLoginProfile(const Session& session, const iam::UpdateLoginProfileRequest& in) {
  ALOFT_ASSIGN(Known known, state_.database.Read([&](sql::Reader& reader) {
    return Find(reader, session.account, in.user_name.value_or(""));
  }));
  if (!known.login) return NoProfile(known.user);
  const Time before = known.login->changed;
  if (in.password) ALOFT_TRY(factors_.SetPassword(known.policy, known.user.name, *in.password, *known.login));
  known.login->reset_required = in.password_reset_required.value_or(known.login->reset_required);
  return state_.Write(session.account, [&](sql::Transaction& t) { return Store(t, *known.login, before); });
}

Status LoginProfiles::DeleteLoginProfile(const Session& session, const iam::DeleteLoginProfileRequest& in) {
  ALOFT_ASSIGN(const std::string name, directory::UserNameOr(in.user_name, session));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, name));
    ALOFT_ASSIGN(const bool found, factors::records::DeleteLogin(t, session.account, user.id));
    if (!found) return NoProfile(user);
    return {};
  });
}

Status LoginProfiles::ChangePassword(const Session& session, const iam::ChangePasswordRequest& in) {
  if (session.kind != PrincipalKind::kUser || session.user_name.empty())
    return Fail(kInvalidInput, "Only an IAM user has a password to change");
  ALOFT_ASSIGN(Known known, state_.database.Read(
                                [&](sql::Reader& reader) { return Find(reader, session.account, session.user_name); }));
  if (!known.login || known.user.id != session.principal_id) return NoProfile(known.user);
  if (!factors_.Matches(*known.login, in.old_password.value_or("")))
    return Fail(kWrongPassword, "The old password was incorrect.");
  const Time before = known.login->changed;
  ALOFT_TRY(factors_.SetPassword(known.policy, known.user.name, in.new_password.value_or(""), *known.login));
  known.login->reset_required = false;
  return state_.Write(session.account, [&](sql::Transaction& t) { return Store(t, *known.login, before); });
}

Result<iam::GetAccountPasswordPolicyResponse> LoginProfiles::GetAccountPasswordPolicy(
    const Session& session, const iam::GetAccountPasswordPolicyRequest&) {
  ALOFT_ASSIGN(const PasswordPolicy policy, state_.database.Read([&](sql::Reader& reader) {
    return factors::records::FindPasswordPolicy(reader, session.account);
  }));
  if (!policy.custom)
    return Fail(kNoSuchEntity, "The Password Policy with domain name " + session.account.value() + " cannot be found.");
  iam::PasswordPolicy out;
  out.minimum_password_length = policy.minimum_length;
  out.require_symbols = policy.symbols;
  out.require_numbers = policy.numbers;
  out.require_uppercase_characters = policy.uppercase;
  out.require_lowercase_characters = policy.lowercase;
  out.allow_users_to_change_password = policy.users_may_change;
  out.expire_passwords = policy.max_age_days > 0;
  if (policy.max_age_days > 0) out.max_password_age = policy.max_age_days;
  if (policy.reuse_prevention > 0) out.password_reuse_prevention = policy.reuse_prevention;
  out.hard_expiry = policy.hard_expiry;
  return iam::GetAccountPasswordPolicyResponse{.password_policy = std::move(out)};
}

Status LoginProfiles::UpdateAccountPasswordPolicy(const Session& session,
                                                  const iam::UpdateAccountPasswordPolicyRequest& in) {
  // What is not given falls back to IAM's defaults, not to what was there.
  const PasswordPolicy policy{.custom = true,
                              .minimum_length = in.minimum_password_length.value_or(6),
                              .symbols = in.require_symbols.value_or(false),
                              .numbers = in.require_numbers.value_or(false),
                              .uppercase = in.require_uppercase_characters.value_or(false),
                              .lowercase = in.require_lowercase_characters.value_or(false),
                              .users_may_change = in.allow_users_to_change_password.value_or(false),
                              .max_age_days = in.max_password_age.value_or(0),
                              .reuse_prevention = in.password_reuse_prevention.value_or(0),
                              .hard_expiry = in.hard_expiry.value_or(false)};
  return state_.Write(session.account, [&](sql::Transaction& t) {
    return factors::records::PutPasswordPolicy(t, session.account, policy);
  });
}

Status LoginProfiles::DeleteAccountPasswordPolicy(const Session& session,
                                                  const iam::DeleteAccountPasswordPolicyRequest&) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const bool found, factors::records::DeletePasswordPolicy(t, session.account));
    if (found) return {};
    return Fail(kNoSuchEntity, "The account policy with name PasswordPolicy cannot be found.");
  });
}

}  // namespace aloft::credentials
