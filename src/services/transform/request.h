// What a CreateTransformJob must say beyond its description. Pure.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/transform.h"

namespace aloft::transform {

// kBadJob, or kNotBuilt with the name of what is not built.
Status CheckRequest(const shapes::sagemaker::CreateTransformJobRequest& request);

}  // namespace aloft::transform
