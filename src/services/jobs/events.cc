#include "services/jobs/events.h"

#include "foundation/codec/json.h"
#include "services/resources/arn.h"

namespace aloft::jobs {

std::string ArnOf(const KindNames& names, const Scope& scope, const std::string& name) {
  return resources::SageMakerArn(scope.account, scope.region, names.arn_kind, name);
}

void AnnounceJob(sql::Transaction& transaction, const KindNames& names, const Job& job) {
  std::string arn = ArnOf(names, job.scope, job.name);
  std::string record;
  codec::JsonWriter json(record);
  json.BeginObject().Key(names.member + "JobArn").String(arn);
  json.Key(names.member + "JobName").String(job.name);
  json.Key(names.member + "JobStatus").String(PrimaryOf(job.state.secondary));
  json.Key("SecondaryStatus").String(ToString(job.state.secondary));
  if (!job.state.failure_reason.empty()) json.Key("FailureReason").String(job.state.failure_reason);
  json.EndObject();
  transaction.Announce(names.topic, arn, record);
}

}  // namespace aloft::jobs
