// The server's own API: health for load balancers, metrics for Prometheus, and what the command line needs beyond AWS's
// operations.
//
//   GET  /healthz                       anonymous: the process answers
//   GET  /readyz                        anonymous: the stores answer too
//   GET  /metrics                       anonymous from this machine, else signed with aloft:GetMetrics
//   POST /aloft/v1/GetStatus            signed; any principal: the account and the region it is in
//   POST /aloft/v1/IssueEndpointToken   signed; sagemaker:InvokeEndpoint on the endpoint
//   POST /aloft/v1/GetKeyringStatus     signed; aloft:GetKeyringStatus: what guards the root key
//   POST /aloft/v1/RotateRootKey        signed; aloft:RotateRootKey
//   POST /aloft/v1/ExplainAccess        signed; iam:SimulatePrincipalPolicy on the principal: why something is allowed
//   POST /aloft/v1/CheckObjects         signed; aloft:CheckObjects: a piece of `aloft fsck`
//   POST /aloft/v1/ExplainEndpoint      signed; sagemaker:DescribeEndpoint on it (endpoints.h)
//   POST /aloft/v1/ListOperations       signed; aloft:ListOperations
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/common/operation.h"
#include "foundation/base/metrics.h"
#include "platform/compute/backend.h"
#include "platform/identity/service.h"
#include "platform/keys/keyring.h"
#include "platform/keys/reseal.h"
#include "services/jobs/quotas.h"
#include "services/objects/service.h"
#include "services/serving/service.h"
#include "services/training/service.h"

namespace aloft::api::admin {

struct AdminSources {
  identity::Service& identity;
  keys::Keyring& keyring;
  const keys::Resealer& resealer;
  const api::FactSource& kms_keys;  // for ExplainAccess
  const Metrics& metrics;
  std::function<Status()> ready;                               // asks the stores
  std::function<std::string()> status_json;                    // of GetStatus
  std::function<std::vector<const api::Front*>()> all_fronts;  // for ListOperations
  training::Service& training;
  compute::Backend& backend;
  jobs::QuotaStore& quotas;
  objects::Service& objects;
  serving::Service& serving;
  AccountId home;  // the installation's own account
};

class AdminFront final : public api::Front {
 public:
  explicit AdminFront(AdminSources sources);

  std::string_view name() const override { return "aloft"; }
  std::optional<Claim> Claims(const http::RequestHead& head) const override;
  Result<const api::Row*> Match(const http::RequestHead& head, std::string_view body) const override;
  http::Response RenderError(const Error& error, const http::RequestHead& head,
                             const RequestId& request_id) const override;
  std::span<const api::Row> rows() const override { return rows_; }

 private:
  AdminSources sources_;
  std::vector<api::Row> rows_;
};

}  // namespace aloft::api::admin
