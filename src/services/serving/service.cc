#include "services/serving/service.h"

#include "foundation/os/must_not_block.h"
#include "services/models/listing.h"
#include "services/serving/component.h"
#include "services/serving/deployment.h"
#include "services/serving/describe.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/endpoints/records.h"
#include "services/serving/endpoints/rollout.h"
#include "services/serving/service_state.h"
#include "services/serving/workers/version.h"
#include "services/serving/workers/worker_task.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;

namespace {

// A variant whose worker waits for room on this machine says for what. `variants`: summaries of the deployment's.
template <class Summary>
void TellWhatIsWaitedFor(const Scope& scope, const Endpoint& endpoint, const Deployment& deployment,
                         compute::Backend& backend, std::optional<std::vector<Summary>>& variants) {
  for (const Slot& slot : deployment.slots) {
    Result<compute::TaskStatus> task = backend.Observe(TaskIdOf(NameOf(scope, endpoint.name, deployment, slot)));
    if (!task.ok() || task->phase != compute::Phase::kPending || task->message.empty()) continue;
    for (Summary& summary : *variants) {
      if (summary.variant_name != deployment.variants[static_cast<std::size_t>(slot.variant)].name()) continue;
      if (summary.variant_status) summary.variant_status->front().status_message = task->message;
    }
  }
}

// That the endpoint's inference components have a place in what is to answer next.
Status CheckHosted(sql::Reader& reader, const Scope& scope, const Endpoint& endpoint, const Deployment& next) {
  if (endpoint.current && IsHost(*endpoint.current) != IsHost(next)) {
    return Fail(kBadEndpointConfig,
                "An endpoint whose variants have models cannot become one of inference components, nor the reverse.");
  }
  if (!IsHost(next)) return {};
  ALOFT_ASSIGN(std::vector<Endpoint> components, LoadComponents(reader, scope, endpoint.name));
  return CheckRoom(next, components);
}

}  // namespace

Service::Service(Dependencies dependencies, Options options, Log log)
    : state_(std::make_unique<State>(dependencies, options, std::move(log))) {}

Service::~Service() {
  Stop();
}

Status Service::Resume() {
  return state_->keeper_.Resume();
}

Status Service::Start() {
  ALOFT_TRY(Resume());
  // The workers that were in service answer from the first request on.
  state_->keeper_.RunDue();
  state_->keeper_.Start();
  return {};
}

void Service::Stop() {
  state_->keeper_.Stop();
  state_->router_.Stop();
  state_->capture_.Flush();
}

Components& Service::components() {
  return state_->components_;
}

std::size_t Service::RunDue() {
  return state_->keeper_.RunDue();
}

void Service::OnTaskChange(const compute::TaskId& task) {
  state_->keeper_.OnTaskChange(task);
}

void Service::Invoke(const Scope& scope, Invocation invocation, AnswerDone done) {
  const std::string name = invocation.component.empty() ? invocation.endpoint : ComponentKey(invocation.component);
  if (!state_->router_.Published(scope, name)) {
    if (auto status = os::MayBlock(); !status.ok()) return done(std::move(status).error());
    state_->keeper_.CatchUp(scope, invocation.endpoint);
    if (!invocation.component.empty()) state_->keeper_.CatchUp(scope, name);
  }
  state_->router_.Invoke(scope, std::move(invocation), std::move(done));
}

void Service::Explain(const Scope& scope, const std::string& endpoint,
                      std::function<void(Result<std::vector<Explanation>>)> done) {
  if (Result<sagemaker::DescribeEndpointResponse> known = DescribeEndpoint(scope, endpoint); !known.ok()) {
    return done(std::move(known).error());
  }
  state_->keeper_.CatchUp(scope, endpoint);
  ExplainBatching(state_->router_, state_->with_.workers, scope, endpoint,
                  [done = std::move(done)](std::vector<Explanation> found) { done(std::move(found)); });
}

Result<sagemaker::CreateEndpointResponse> Service::CreateEndpoint(const Scope& scope,
                                                                  const sagemaker::CreateEndpointRequest& request) {
  ALOFT_ASSIGN(resources::Tags tags, TagsOf(request));
  Endpoint endpoint;
  endpoint.name = request.endpoint_name.value_or("");
  endpoint.created = endpoint.modified = state_->with_.clock.Now();
  endpoint.status = EndpointStatus::kCreating;
  endpoint.config = request.endpoint_config_name.value_or("");
  endpoint.generation = 1;
  endpoint.deployment_config = request.deployment_config;
  ALOFT_ASSIGN(endpoint.next, MakeDeployment(state_->with_.database, state_->with_.models, scope, endpoint.config, 1,
                                             endpoint.created));
  // There is nothing to shift from: only checked, and shown.
  ALOFT_TRY(RolloutOf(request.deployment_config, static_cast<int>(endpoint.next->slots.size())));
  std::string arn = Arn(scope, "endpoint", endpoint.name);
  ALOFT_TRY(state_->with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(InsertEndpoint(transaction, scope, endpoint));
    return resources::PutTags(transaction, arn, tags);
  }));
  state_->keeper_.Wake(scope, endpoint.name);
  sagemaker::CreateEndpointResponse response;
  response.endpoint_arn = arn;
  return response;
}

Result<sagemaker::DescribeEndpointResponse> Service::DescribeEndpoint(const Scope& scope,
                                                                      const std::string& name) const {
  ALOFT_ASSIGN(Endpoint endpoint,
               state_->with_.database.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, scope, name); }));
  state_->keeper_.CatchUp(scope, name);  // another server's news
  sagemaker::DescribeEndpointResponse response =
      Describe(scope, endpoint, state_->router_.Published(scope, name).get(), state_->with_.runtimes);
  const auto tell = [&](const Deployment& deployment, auto& variants) {
    TellWhatIsWaitedFor(scope, endpoint, deployment, state_->with_.backend, variants);
  };
  if (endpoint.current) tell(*endpoint.current, response.production_variants);
  if (endpoint.next) tell(*endpoint.next, response.pending_deployment_summary->production_variants);
  return response;
}

Result<sagemaker::ListEndpointsResponse> Service::ListEndpoints(const Scope& scope,
                                                                const sagemaker::ListEndpointsRequest& request) const {
  models::ListQuery query = models::QueryOf(request);
  query.status = request.status_equals;
  query.equal = {{"host", ""}};  // inference components are in the same table
  query.modified_before = request.last_modified_time_before;
  query.modified_after = request.last_modified_time_after;
  ALOFT_ASSIGN(models::ListPage page, state_->with_.database.Read([&](sql::Reader& reader) {
    return models::ListNamed(reader, kEndpointTable, scope, query);
  }));
  sagemaker::ListEndpointsResponse response;
  response.next_token = page.next_token;
  response.endpoints.emplace();
  for (const models::Listed& item : page.items) {
    sagemaker::EndpointSummary summary;
    summary.endpoint_name = item.name;
    summary.endpoint_arn = Arn(scope, "endpoint", item.name);
    summary.creation_time = item.created;
    summary.last_modified_time = item.modified;
    summary.endpoint_status = item.status;
    response.endpoints->push_back(std::move(summary));
  }
  return response;
}

Result<sagemaker::UpdateEndpointResponse> Service::UpdateEndpoint(const Scope& scope,
                                                                  const sagemaker::UpdateEndpointRequest& request) {
  std::string name = request.endpoint_name.value_or("");
  Time now = state_->with_.clock.Now();
  ALOFT_ASSIGN(Deployment next, MakeDeployment(state_->with_.database, state_->with_.models, scope,
                                               request.endpoint_config_name.value_or(""), 0, now));
  Status alarms_there;
  for (const std::string& alarm : AlarmsOf(request.deployment_config)) {
    if (!state_->with_.alarm_fires) continue;
    Result<bool> fires = state_->with_.alarm_fires(scope, alarm);
    if (!fires.ok()) alarms_there = Fail(kBadEndpointConfig, "AutoRollbackConfiguration: " + fires.error().message);
  }
  ALOFT_TRY(state_->with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Endpoint endpoint, LoadEndpoint(transaction, scope, name));
    if (endpoint.status != EndpointStatus::kInService && endpoint.status != EndpointStatus::kFailed) {
      return Fail(kEndpointBusy, "Cannot update in-progress endpoint \"" + Arn(scope, "endpoint", name) + "\".");
    }
    Deployment deployment = next;
    ALOFT_TRY(CheckHosted(transaction, scope, endpoint, deployment));
    if (endpoint.current && request.retain_all_variant_properties.value_or(false)) {
      RetainProperties(*endpoint.current, request.exclude_retained_variant_properties, deployment);
    }
    if (!request.retain_deployment_config.value_or(false)) endpoint.deployment_config = request.deployment_config;
    ALOFT_ASSIGN(endpoint.rollout, RolloutOf(endpoint.deployment_config, static_cast<int>(deployment.slots.size())));
    ALOFT_TRY(alarms_there);
    deployment.generation = ++endpoint.generation;
    endpoint.next = std::move(deployment);
    endpoint.status = EndpointStatus::kUpdating;
    endpoint.failure.clear();
    endpoint.modified = now;
    return serving::UpdateEndpoint(transaction, scope, endpoint);
  }));
  state_->keeper_.Wake(scope, name);
  sagemaker::UpdateEndpointResponse response;
  response.endpoint_arn = Arn(scope, "endpoint", name);
  return response;
}

Result<sagemaker::UpdateEndpointWeightsAndCapacitiesResponse> Service::UpdateEndpointWeightsAndCapacities(
    const Scope& scope, const sagemaker::UpdateEndpointWeightsAndCapacitiesRequest& request) {
  std::string name = request.endpoint_name.value_or("");
  ALOFT_TRY(state_->with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Endpoint endpoint, LoadEndpoint(transaction, scope, name));
    if (endpoint.status != EndpointStatus::kInService || !endpoint.current) {
      return Fail(kEndpointBusy, "Cannot update in-progress endpoint \"" + Arn(scope, "endpoint", name) + "\".");
    }
    if (request.desired_weights_and_capacities) {
      ALOFT_TRY(ApplyCapacities(*request.desired_weights_and_capacities, *endpoint.current));
      ALOFT_TRY(CheckHosted(transaction, scope, endpoint, *endpoint.current));
    }
    endpoint.status = EndpointStatus::kUpdating;
    endpoint.failure.clear();
    endpoint.modified = state_->with_.clock.Now();
    return serving::UpdateEndpoint(transaction, scope, endpoint);
  }));
  state_->keeper_.Wake(scope, name);
  sagemaker::UpdateEndpointWeightsAndCapacitiesResponse response;
  response.endpoint_arn = Arn(scope, "endpoint", name);
  return response;
}

Status Service::DeleteEndpoint(const Scope& scope, const std::string& name) {
  ALOFT_TRY(state_->with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Endpoint endpoint, LoadEndpoint(transaction, scope, name));
    if (endpoint.status == EndpointStatus::kDeleting) return {};
    ALOFT_ASSIGN(std::vector<Endpoint> components, LoadComponents(transaction, scope, name));
    if (!components.empty()) {
      return Fail(kEndpointBusy, "Cannot delete endpoint \"" + Arn(scope, "endpoint", name) + "\": it has " +
                                     std::to_string(components.size()) +
                                     " inference components; delete them first, for example " +
                                     ComponentOf(components.front().name) + ".");
    }
    endpoint.status = EndpointStatus::kDeleting;
    endpoint.modified = state_->with_.clock.Now();
    return serving::UpdateEndpoint(transaction, scope, endpoint);
  }));
  state_->keeper_.Wake(scope, name);
  return {};
}

}  // namespace aloft::serving
