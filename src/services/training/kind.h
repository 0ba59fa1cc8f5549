// Training as a kind of job: how a request becomes tasks, what log lines and ends mean.
#pragma once

#include "foundation/base/log.h"
#include "platform/telemetry/metric_store.h"
#include "services/jobs/admission.h"
#include "services/jobs/kind.h"
#include "services/training/plan.h"

namespace aloft::training {

const jobs::KindNames& Names();

class TrainingKind final : public jobs::Kind {
 public:
  // What is referred to outlives the kind.
  TrainingKind(const jobs::World& world, telemetry::MetricStore& metrics, PlanOptions options, Log log)
      : world_(world), metrics_(metrics), options_(options), log_(std::move(log)) {}

  const jobs::KindNames& names() const override { return Names(); }
  Result<jobs::Terms> TermsOf(const jobs::Job& job) const override;
  Result<std::vector<compute::TaskSpec>> Plan(const jobs::Job& job) const override;
  std::optional<Time> ClosedUntil(const jobs::Job& job, Time now) const override;
  std::unique_ptr<jobs::LogObserver> Observer(const jobs::Job& job) const override;
  void Ended(jobs::Job& job, const jobs::Ending& ending, const std::vector<compute::TaskStatus>& hosts) const override;

 private:
  const jobs::World& world_;
  telemetry::MetricStore& metrics_;
  const PlanOptions options_;
  Log log_;
};

}  // namespace aloft::training
