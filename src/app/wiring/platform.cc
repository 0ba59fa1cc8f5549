#include "app/wiring/platform.h"

#include "api/aws/kms/api.h"
#include "app/tls_files.h"
#include "app/wiring/root_of_trust.h"
#include "platform/audit/signer.h"
#include "platform/identity/follow.h"
#include "services/objects/records/reseal.h"

namespace aloft::app {
namespace {

// Every place where something lies sealed for longer than a session. What is sealed in tokens ends with them.
std::vector<keys::SealSource> SealSources(World& world, Stores& stores, const keys::Keyring& keyring) {
  const auto column = [&](keys::SealColumn c) { return keys::SqlSource(stores.database(), keyring, std::move(c)); };
  return {
      column({"identity_keys", "secret", "id", "identity/access-key/", "id"}),
      column({"factors_devices", "seed", "account || '/' || serial", "factors/totp/", "serial"}),
      column({"factors_logins", "hash", "account || '/' || owner", "factors/password/", "account || '/' || owner"}),
      column({"factors_old_passwords", "hash", "account || '/' || owner || '/' || place", "factors/password/",
              "account || '/' || owner"}),
      column({"kms_material", "sealed", "key_id || '/' || version", "kms/key/", "key_id || '/' || version"}),
      audit::SigningKeySource(stores.kv(), keyring),
      TlsKeySource(world.config, keyring),
      objects::DataKeySource(stores.kv(), keyring),
  };
}

// How long another replica may seal with an older key: it looks every few seconds.
constexpr std::chrono::seconds kSettle{60};

}  // namespace

Result<std::unique_ptr<Platform>> Platform::Open(World& world, Stores& stores) {
  std::unique_ptr<Platform> platform(new Platform());
  ALOFT_ASSIGN(auto wrapper, MakeRootWrapper(world.config));
  ALOFT_ASSIGN(platform->keyring_,
               keys::Keyring::OpenFile(world.config.keys_path() + "/root.key", world.random, std::move(wrapper)));
  platform->kms_ =
      std::make_unique<kms::Service>(stores.database(), *platform->keyring_, world.clock, world.random, world.log);
  platform->kms_access_ = api::MakeKmsAccess(*platform->kms_);
  platform->object_keys_ = std::make_unique<ObjectKeys>(*platform->kms_);
  platform->logs_ = std::make_unique<telemetry::LogStore>(stores.kv(), world.clock, world.random);
  platform->points_ = std::make_unique<telemetry::MetricStore>(stores.kv(), world.clock, world.random);
  platform->identity_ =
      std::make_unique<identity::Service>(stores.database(), *platform->keyring_, world.clock, world.random, world.log);
  ALOFT_ASSIGN(platform->bootstrap_, platform->identity_->EnsureAccount({.account = AccountId(world.config.account)}));
  ALOFT_ASSIGN(AccountId main, platform->identity_->MainAccount());
  platform->account_ = main.value();
  audit::Options options;
  options.chain = stores.replica();
  options.retention = std::chrono::hours(24) * world.config.audit_retention_days;
  ALOFT_ASSIGN(platform->audit_,
               audit::Service::Open(std::move(options), stores.database(), stores.kv(), *platform->keyring_,
                                    world.clock, world.random, world.log, world.metrics));
  platform->audit_->Start();
  platform->resealer_ = std::make_unique<keys::Resealer>(
      *platform->keyring_, world.config.keys_path() + "/resealed", SealSources(world, stores, *platform->keyring_),
      stores.shared() ? kSettle : std::chrono::seconds(0), world.clock, world.log);
  if (stores.shared()) stores.sql_feed().Subscribe(identity::FollowChanges(*platform->identity_));
  return platform;
}

}  // namespace aloft::app
