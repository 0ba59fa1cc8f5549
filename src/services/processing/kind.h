// Processing as a kind of job.
#pragma once

#include "services/jobs/admission.h"
#include "services/jobs/kind.h"
#include "services/processing/plan.h"

namespace aloft::processing {

const jobs::KindNames& Names();

class ProcessingKind final : public jobs::Kind {
 public:
  // `world` outlives the kind.
  ProcessingKind(const jobs::World& world, PlanOptions options) : world_(world), options_(options) {}

  const jobs::KindNames& names() const override { return Names(); }
  Result<jobs::Terms> TermsOf(const jobs::Job& job) const override;
  Result<std::vector<compute::TaskSpec>> Plan(const jobs::Job& job) const override;
  std::unique_ptr<jobs::LogObserver> Observer(const jobs::Job&) const override { return nullptr; }
  // What the hosts left in /opt/ml/output/message is the job's exit message.
  void Ended(jobs::Job& job, const jobs::Ending& ending, const std::vector<compute::TaskStatus>& hosts) const override;

 private:
  const jobs::World& world_;
  const PlanOptions options_;
};

}  // namespace aloft::processing
