// What the service holds, and what its operations share. Internal.
#pragma once

#include "services/resources/arn.h"
#include "services/resources/tags.h"
#include "services/serving/components.h"
#include "services/serving/keeper.h"
#include "services/serving/routing/meter.h"
#include "services/serving/routing/router.h"
#include "services/serving/service.h"

namespace aloft::serving {

class Service::State {
 public:
  State(Dependencies with, const Options& options, Log log)
      : with_(with),
        meter_(std::make_shared<Meter>(with.server_metrics)),
        capture_(with.store_as, with.clock, with.random, log),
        router_(Router::Options{.max_invocations_per_endpoint = options.max_invocations_per_endpoint,
                                .max_bytes_in_flight = options.max_bytes_in_flight,
                                .model_timeout = options.model_timeout,
                                .patience = options.patience},
                with.workers, meter_, with.clock,
                {.suspect = [this](const compute::TaskId& task) { keeper_.Suspect(task); },
                 .answered = [this](const Scope& scope, const std::string& variant, const CapturePlan& plan,
                                    const Invocation& invocation,
                                    const Answer& answer) { capture_.Offer(scope, variant, plan, invocation, answer); },
                 .waiting = [this](const Scope& scope,
                                   const std::string& endpoint) { keeper_.OnWaiting(scope, endpoint); }}),
        keeper_({with.database, with.runtimes, with.backend, with.workers, with.logs, with.metrics, router_, *meter_,
                 capture_, with.clock, with.random, with.alarm_fires},
                {.drain = options.drain, .serverless_idle = options.serverless_idle, .holder = options.holder},
                std::move(log)),
        components_(with.database, with.models, with.runtimes, router_, with.clock, keeper_) {}

  const Dependencies with_;
  const std::shared_ptr<Meter> meter_;
  Capture capture_;
  Router router_;
  Keeper keeper_;
  Components components_;
};

inline std::string Arn(const Scope& scope, std::string_view kind, const std::string& name) {
  return resources::SageMakerArn(scope.account, scope.region, kind, name);
}

template <class Request>
Result<resources::Tags> TagsOf(const Request& request) {
  resources::Tags tags;
  if (request.tags) {
    ALOFT_ASSIGN(tags, resources::TagsOf(*request.tags));
  }
  ALOFT_TRY(resources::CheckTags(tags));
  return tags;
}

}  // namespace aloft::serving
