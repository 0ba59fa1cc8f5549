// POST /aloft/v1/CheckObjects: a piece of a check of the object store, for `aloft fsck`.
#pragma once

#include "api/common/operation.h"
#include "services/objects/service.h"

namespace aloft::api::admin {

// Request: {"From": "", "Verify": false, "Repair": false}. Answer: {"Entries", "Blobs", "Bytes", "Next",
// "Problems": [{"Kind", "What", "Repaired"}]}; an empty Next is the end. A call takes about a second, but reads what it
// began to read to its end. It sees the buckets of every account, so only the installation's own account, `home`, may
// ask. Needs aloft:CheckObjects, and aloft:RepairObjects to repair.
api::Row MakeCheckObjectsRow(objects::Service& objects, const AccountId& home);

// "missing bytes", for people and programs.
std::string_view ProblemName(objects::ProblemKind kind);

}  // namespace aloft::api::admin
