// SageMaker's operations on inference components, as rows.
#pragma once

#include <vector>

#include "api/common/operation.h"
#include "services/serving/components.h"

namespace aloft::api {

void AddComponentRows(serving::Components& components, std::vector<Row>& rows);

}  // namespace aloft::api
