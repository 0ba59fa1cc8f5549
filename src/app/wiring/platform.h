// The rooms that every service stands on.
#pragma once

#include <memory>
#include <string>

#include "api/aws_common/kms_access.h"
#include "app/wiring/object_keys.h"
#include "app/wiring/stores.h"
#include "platform/audit/service.h"
#include "platform/identity/service.h"
#include "platform/keys/keyring.h"
#include "platform/keys/reseal.h"
#include "platform/kms/service.h"
#include "platform/telemetry/log_store.h"
#include "platform/telemetry/metric_store.h"

namespace aloft::app {

class Platform {
 public:
  // On the first start of an installation this makes its root key, its account and an administrator: the caller holds
  // the lock on what replicas share.
  static Result<std::unique_ptr<Platform>> Open(World& world, Stores& stores);

  keys::Keyring& keyring() { return *keyring_; }
  // What the maintenance loop steps, so that nothing stays under an older root key.
  keys::Resealer& resealer() { return *resealer_; }
  kms::Service& kms() { return *kms_; }
  // How APIs ask for the use of a key: S3 for SSE-KMS.
  const api::KmsAccess& kms_access() const { return *kms_access_; }
  objects::KeyService& object_keys() { return *object_keys_; }
  telemetry::LogStore& logs() { return *logs_; }
  telemetry::MetricStore& points() { return *points_; }
  identity::Service& identity() { return *identity_; }
  audit::Service& audit() { return *audit_; }
  const identity::Bootstrap& bootstrap() const { return bootstrap_; }
  const std::string& account() const { return account_; }

  // When nobody acts any more: seals the last records.
  void Stop() { audit_->Stop(); }

 private:
  Platform() = default;

  std::unique_ptr<keys::Keyring> keyring_;
  std::unique_ptr<kms::Service> kms_;
  std::unique_ptr<api::KmsAccess> kms_access_;
  std::unique_ptr<ObjectKeys> object_keys_;
  std::unique_ptr<telemetry::LogStore> logs_;
  std::unique_ptr<telemetry::MetricStore> points_;
  std::unique_ptr<identity::Service> identity_;
  std::unique_ptr<audit::Service> audit_;
  std::unique_ptr<keys::Resealer> resealer_;
  identity::Bootstrap bootstrap_;
  std::string account_;
};

}  // namespace aloft::app
