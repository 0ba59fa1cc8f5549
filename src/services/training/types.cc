#include "services/training/types.h"

#include "foundation/shapes/json.h"
#include "services/resources/arn.h"

namespace aloft::training {

Result<Job> JobOf(jobs::Job record) {
  Job job;
  ALOFT_ASSIGN(job.request, shapes::FromJsonText<shapes::sagemaker::CreateTrainingJobRequest>(record.document));
  static_cast<jobs::Job&>(job) = std::move(record);
  return job;
}

std::string JobArn(const Scope& scope, const std::string& name) {
  return resources::SageMakerArn(scope.account, scope.region, "training-job", name);
}

}  // namespace aloft::training
