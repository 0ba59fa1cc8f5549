// What an operator sets of quotas; for `aloft quota`.
//
//   POST /aloft/v1/PutQuota     {"Account", "Owner", "Vcpus", "MemoryGiB", "Gpus", "Instances"}: bounds what an
//   account, or one
//                               owner in it ("user/eve", "role/Trainer"), runs at once on each server; without any
//                               bound: removes the quota. Needs aloft:PutQuota; other accounts' quotas are the
//                               installation's own account's.
//   POST /aloft/v1/ListQuotas   those of the caller's account; the installation's own account sees all. Needs
//   aloft:ListQuotas.
#pragma once

#include <vector>

#include "api/common/operation.h"
#include "services/jobs/quotas.h"

namespace aloft::api::admin {

// What is referred to outlives the rows.
std::vector<api::Row> MakeQuotaRows(jobs::QuotaStore& quotas, const AccountId& home);

}  // namespace aloft::api::admin
