// Jobs without a script: the image's own algorithm trains, and the platform knows its metrics.
#pragma once

#include "foundation/base/result.h"
#include "platform/compute/runtimes.h"
#include "services/training/request.h"

namespace aloft::training {

// Whether the image's algorithm trains: it has one, and the request brings neither a script nor an entrypoint.
bool UsesBuiltInAlgorithm(const compute::Runtime& runtime, const CreateRequest& request);

// Gives such a request the algorithm's metric definitions, as SageMaker shows them in Describe; others stay as they
// are. kBadJob where it brings definitions of its own (those of the algorithm, word for word, are a copy of an earlier
// job's request).
Status UseBuiltInAlgorithm(const compute::Runtime& runtime, CreateRequest& request);

}  // namespace aloft::training
