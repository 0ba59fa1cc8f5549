// The rows of Organizations over platform/organizations.
#pragma once

#include "api/aws_common/front.h"
#include "platform/identity/service.h"

namespace aloft::api {

// `identity` must outlive the rows.
ServiceApi MakeOrganizationsApi(identity::Service& identity);

}  // namespace aloft::api
