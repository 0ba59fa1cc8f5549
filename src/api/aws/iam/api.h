// The rows of IAM over platform/directory.
#pragma once

#include "api/aws_common/front.h"
#include "platform/identity/service.h"

namespace aloft::api {

// `identity` must outlive the rows.
ServiceApi MakeIamApi(identity::Service& identity);

}  // namespace aloft::api
