// AddTags, DeleteTags and ListTags of SageMaker resources.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/aws_common/front.h"
#include "foundation/sql/database.h"

namespace aloft::api {

// Kinds that can be tagged ("training-job", "model", "endpoint", "endpoint-config") -> whether one of that name exists.
using TagTargets =
    std::map<std::string, std::function<Status(const AccountId&, const Region&, const std::string& name)>>;

// `database` must outlive the rows.
ServiceApi MakeTagsApi(sql::Database& database, TagTargets targets);

}  // namespace aloft::api
