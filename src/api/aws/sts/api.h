// The rows of STS over platform/directory.
#pragma once

#include "api/aws_common/front.h"
#include "platform/identity/service.h"

namespace aloft::api {

// `identity` must outlive the rows.
ServiceApi MakeStsApi(identity::Service& identity);

}  // namespace aloft::api
