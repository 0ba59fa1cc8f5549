// The rows of STS over platform/sessions.
#pragma once

#include "api/aws_common/front.h"
#include "platform/sessions/security_tokens.h"

namespace aloft::api {

// What the dependencies name must outlive the rows.
ServiceApi MakeStsApi(sessions::Dependencies dependencies);

}  // namespace aloft::api
