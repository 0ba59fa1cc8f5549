// The rows of IAM over platform/directory and platform/credentials.
#pragma once

#include "api/aws_common/front.h"
#include "platform/factors/service.h"
#include "platform/federation/issuer_keys.h"
#include "platform/identity/service.h"

namespace aloft::api {

struct IamDependencies {
  identity::Service& identity;
  factors::Service& factors;
  federation::IssuerNetworks issuer_networks = federation::IssuerNetworks::kPublic;
};

// What the dependencies name must outlive the rows.
ServiceApi MakeIamApi(const IamDependencies& dependencies);

}  // namespace aloft::api
