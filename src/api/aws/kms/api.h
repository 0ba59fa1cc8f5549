// The rows of KMS over platform/kms, and the facts by which the gateway decides who may use a key.
#pragma once

#include <memory>

#include "api/aws_common/front.h"
#include "api/aws_common/kms_access.h"
#include "platform/kms/service.h"

namespace aloft::api {

// `kms` must outlive it. One for the whole server: it keeps the parsed policies of keys.
std::unique_ptr<KmsAccess> MakeKmsAccess(const kms::Service& kms);

// `kms` and `access` must outlive the rows.
ServiceApi MakeKmsApi(kms::Service& kms, const KmsAccess& access);

}  // namespace aloft::api
