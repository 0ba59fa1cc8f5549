// Tags of the resources that a permission names, for conditions on aws:ResourceTag and iam:ResourceTag. They are read
// only where some policy asks.
#pragma once

#include "api/common/operation.h"
#include "foundation/sql/database.h"
#include "platform/identity/service.h"

namespace aloft::app {

// SageMaker's resources, and IAM's users, roles, policies and instance profiles, of the caller's account.
class TagFacts final : public api::FactSource {
 public:
  TagFacts(sql::Database& database, identity::Service& identity) : database_(database), identity_(identity) {}

  Result<identity::ResourceFacts> FactsOf(const api::Permission& permission,
                                          const identity::Session& caller) const override;

 private:
  sql::Database& database_;
  identity::Service& identity_;
};

}  // namespace aloft::app
