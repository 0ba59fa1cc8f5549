// What processing refuses: the reasons of every kind of job.
#pragma once

#include "services/jobs/errors.h"

namespace aloft::processing {

using jobs::kBadJob;
using jobs::kJobExists;
using jobs::kNotBuilt;

}  // namespace aloft::processing
