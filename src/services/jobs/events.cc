#include "services/training/events.h"

#include "foundation/codec/json.h"

namespace aloft::training {

void AnnounceJob(sql::Transaction& transaction, const Job& job) {
  std::string record;
  codec::JsonWriter json(record);
  json.BeginObject().Key("TrainingJobArn").String(JobArn(job.scope, job.name));
  json.Key("TrainingJobName").String(job.name);
  json.Key("TrainingJobStatus").String(PrimaryOf(job.state.secondary));
  json.Key("SecondaryStatus").String(ToString(job.state.secondary));
  if (!job.state.failure_reason.empty()) json.Key("FailureReason").String(job.state.failure_reason);
  json.EndObject();
  transaction.Announce(kJobsTopic, JobArn(job.scope, job.name), record);
}

}  // namespace aloft::training
