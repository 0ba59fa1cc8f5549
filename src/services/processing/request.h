// What of CreateProcessingJob the API's model does not check, from the request alone. Nothing that changes what a job
// means is accepted and left undone.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "services/jobs/kind.h"
#include "services/processing/types.h"

namespace aloft::processing {

// kBadJob, kNotBuilt.
Status CheckRequest(const CreateRequest& request);

jobs::Terms TermsOf(const CreateRequest& request);
std::chrono::seconds MaxRuntimeOf(const CreateRequest& request);  // a day where it says nothing
// What staging brings; not what the code manages itself.
std::vector<shapes::sagemaker::ProcessingInput> StagedInputs(const CreateRequest& request);
std::vector<shapes::sagemaker::ProcessingOutput> StoredOutputs(const CreateRequest& request);

}  // namespace aloft::processing
