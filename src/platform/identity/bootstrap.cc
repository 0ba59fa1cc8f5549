#include "platform/identity/account_records.h"
#include "platform/identity/state.h"

namespace aloft::identity {

Result<AccountId> Service::MainAccount() const {
  ALOFT_ASSIGN(auto account, state_->database.Read([](sql::Reader& reader) { return records::MainAccount(reader); }));
  if (!account) return Fail(kNoSuchEntity, "This installation has no account yet");
  return std::move(*account);
}

Result<Bootstrap> Service::EnsureAccount(const BootstrapOptions& options) {
  const std::string& wanted = options.account.value();
  if (!wanted.empty() && (wanted.size() != 12 || wanted.find_first_not_of("0123456789") != std::string::npos))
    return Fail(kInvalidInput, "An account id has 12 digits; \"" + wanted + "\" has not");
  const auto found = [&](const AccountId& existing) -> Result<Bootstrap> {
    if (!wanted.empty() && existing != options.account)
      return Fail(kInvalidInput, "This data belongs to account " + existing.value() + ", not " + wanted);
    Bootstrap out;
    out.account = existing;
    return out;
  };
  ALOFT_ASSIGN(const auto before,
               state_->database.Read([](sql::Reader& reader) { return records::MainAccount(reader); }));
  if (before) return found(*before);
  // Everything random is drawn here: the closure may run twice.
  Random& random = state_->random;
  Bootstrap made;
  made.created = true;
  made.account =
      wanted.empty() ? AccountId(random.Text(1, "123456789") + random.Text(11, "0123456789")) : options.account;
  made.user_name = options.user_name;
  made.access_key_id = NewAccessKeyId(random, "AKIA", made.account);
  made.secret = NewSecret(random);
  const Time now = state_->clock.Now();
  const Entity user{.account = made.account,
                    .kind = EntityKind::kUser,
                    .name = made.user_name,
                    .id = NewEntityId(random, "AIDA"),
                    .created = now};
  const AccessKeyRecord key{
      .id = made.access_key_id,
      .account = made.account,
      .user_name = made.user_name,
      .created = now,
      .sealed_secret = state_->keyring.Seal(made.secret, "identity/access-key/" + made.access_key_id)};
  return state_->Write(made.account, [&](sql::Transaction& t) -> Result<Bootstrap> {
    ALOFT_ASSIGN(const auto existing, records::MainAccount(t));
    // Another replica may have been quicker.
    if (existing) return found(*existing);
    ALOFT_TRY(records::InsertAccount(t, {.id = made.account, .name = "main", .main = true, .created = now}));
    ALOFT_TRY(records::Insert(t, user));
    ALOFT_TRY(records::Attach(t, user, "arn:aws:iam::aws:policy/AdministratorAccess", now));
    ALOFT_TRY(records::InsertKey(t, key));
    return made;
  });
}

}  // namespace aloft::identity
