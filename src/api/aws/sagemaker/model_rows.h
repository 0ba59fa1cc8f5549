// CreateModel, DescribeModel, ListModels, DeleteModel.
#pragma once

#include "api/aws_common/front.h"
#include "services/models/service.h"

namespace aloft::api {

ServiceApi MakeModelApi(models::Service& models);

}  // namespace aloft::api
