#include "app/wiring/platform.h"

#include "api/aws/kms/api.h"
#include "app/wiring/root_of_trust.h"
#include "platform/identity/follow.h"

namespace aloft::app {

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
  if (stores.shared()) stores.sql_feed().Subscribe(identity::FollowChanges(*platform->identity_));
  return platform;
}

}  // namespace aloft::app
