#include "services/serving/components.h"

#include <algorithm>

#include "services/models/listing.h"
#include "services/resources/tags.h"
#include "services/serving/component.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/endpoints/errors.h"
#include "services/serving/endpoints/records.h"
#include "services/serving/keeper.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;
using sagemaker::InferenceComponentSpecification;

namespace {

Error Busy(const Scope& scope, const std::string& endpoint) {
  return Fail(kEndpointBusy, "Cannot update in-progress endpoint \"" + EndpointArn(scope, endpoint) + "\".");
}

// The endpoint that a component is for, in service.
Result<Endpoint> LoadHost(sql::Reader& reader, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(Endpoint host, LoadEndpoint(reader, scope, name));
  if (host.status != EndpointStatus::kInService || !host.current) return Busy(scope, name);
  if (!IsHost(*host.current)) {
    return Fail(kBadComponent,
                "The variants of the endpoint \"" + EndpointArn(scope, name) +
                    "\" have models of their own; inference components need variants without ModelName.");
  }
  return host;
}

// That `changed` and all other components of the host find room.
Status CheckRoomWith(sql::Reader& reader, const Scope& scope, const Deployment& host, const Endpoint& changed) {
  ALOFT_ASSIGN(std::vector<Endpoint> all, LoadComponents(reader, scope, changed.host));
  std::erase_if(all, [&](const Endpoint& one) { return one.name == changed.name; });
  all.push_back(changed);
  return CheckRoom(host, all);
}

}  // namespace

Components::Components(sql::Database& database, const models::Service& models, const compute::RuntimeTable& runtimes,
                       const Router& router, const Clock& clock, Keeper& keeper)
    : database_(database), models_(models), runtimes_(runtimes), router_(router), clock_(clock), keeper_(keeper) {}

Result<sagemaker::CreateModelRequest> Components::ModelFor(const identity::Session& session, const Region& region,
                                                           const InferenceComponentSpecification& specification,
                                                           const std::string& role) const {
  if (specification.model_name) {
    ALOFT_ASSIGN(models::Model model, models_.Find({session.account, region}, *specification.model_name));
    return std::move(model.request);
  }
  sagemaker::CreateModelRequest model = ModelOf(specification, role);
  ALOFT_TRY(models_.Check(session, region, model));
  return model;
}

Result<sagemaker::CreateInferenceComponentOutput> Components::Create(
    const identity::Session& session, const Region& region, const sagemaker::CreateInferenceComponentInput& request) {
  const Scope scope{session.account, region};
  if (request.specifications) return NotBuilt("Specifications (one per instance type)");
  if (!request.specification) return Fail(kBadComponent, "An inference component needs a Specification.");
  if (!request.variant_name) return Fail(kBadComponent, "An inference component needs a VariantName.");
  ALOFT_TRY(CheckSpecification(*request.specification));
  resources::Tags tags;
  if (request.tags) {
    ALOFT_ASSIGN(tags, resources::TagsOf(*request.tags));
  }
  ALOFT_TRY(resources::CheckTags(tags));
  const std::string endpoint = request.endpoint_name.value_or("");
  ALOFT_ASSIGN(Endpoint host, database_.Read([&](sql::Reader& reader) { return LoadHost(reader, scope, endpoint); }));
  ALOFT_ASSIGN(const Variant* variant, HostVariant(*host.current, *request.variant_name));
  ALOFT_ASSIGN(sagemaker::CreateModelRequest model,
               ModelFor(session, region, *request.specification, variant->model.execution_role_arn.value_or("")));

  Endpoint component;
  component.name = ComponentKey(request.inference_component_name.value_or(""));
  component.created = component.modified = clock_.Now();
  component.host = endpoint;
  component.host_variant = *request.variant_name;
  component.component = request.specification;
  component.generation = 1;
  const int copies = request.runtime_config ? request.runtime_config->copy_count.value_or(1) : 1;
  ALOFT_ASSIGN(component.next,
               CopiesOf(*variant, *request.specification, std::move(model), copies, 1, component.created));
  const std::string arn = EndpointArn(scope, component.name);
  ALOFT_TRY(database_.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Endpoint now, LoadHost(transaction, scope, endpoint));
    ALOFT_TRY(CheckRoomWith(transaction, scope, *now.current, component));
    ALOFT_TRY(InsertEndpoint(transaction, scope, component));
    return resources::PutTags(transaction, arn, tags);
  }));
  keeper_.Wake(scope, component.name);
  sagemaker::CreateInferenceComponentOutput out;
  out.inference_component_arn = arn;
  return out;
}

Result<sagemaker::DescribeInferenceComponentOutput> Components::Describe(const Scope& scope,
                                                                         const std::string& name) const {
  const std::string key = ComponentKey(name);
  ALOFT_ASSIGN(Endpoint component,
               database_.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, scope, key); }));
  keeper_.CatchUp(scope, key);  // another server's news
  int answering = 0;
  if (auto published = router_.Published(scope, key)) {
    for (const RoutedVariant& variant : published->variants) answering += static_cast<int>(variant.workers.size());
  }
  return DescribeComponent(scope, component, answering, runtimes_);
}

Result<sagemaker::ListInferenceComponentsOutput> Components::List(
    const Scope& scope, const sagemaker::ListInferenceComponentsInput& request) const {
  models::ListQuery query = models::QueryOf(request);
  query.status = request.status_equals;
  query.modified_before = request.last_modified_time_before;
  query.modified_after = request.last_modified_time_after;
  query.conditions = {"host <> ''"};
  if (request.endpoint_name_equals) query.equal.emplace_back("host", *request.endpoint_name_equals);
  if (request.variant_name_equals) query.equal.emplace_back("host_variant", *request.variant_name_equals);
  sagemaker::ListInferenceComponentsOutput out;
  out.inference_components.emplace();
  ALOFT_TRY(database_.Read([&](sql::Reader& reader) -> Status {
    ALOFT_ASSIGN(models::ListPage page, models::ListNamed(reader, kEndpointTable, scope, query));
    out.next_token = page.next_token;
    for (const models::Listed& item : page.items) {
      ALOFT_ASSIGN(Endpoint component, LoadEndpoint(reader, scope, item.name));
      auto& summary = out.inference_components->emplace_back();
      summary.inference_component_name = ComponentOf(item.name);
      summary.inference_component_arn = EndpointArn(scope, item.name);
      summary.endpoint_name = component.host;
      summary.endpoint_arn = EndpointArn(scope, component.host);
      summary.variant_name = component.host_variant;
      summary.inference_component_status = item.status;
      summary.creation_time = item.created;
      summary.last_modified_time = item.modified;
    }
    return {};
  }));
  return out;
}

Result<sagemaker::UpdateInferenceComponentOutput> Components::Update(
    const identity::Session& session, const Region& region, const sagemaker::UpdateInferenceComponentInput& request) {
  const Scope scope{session.account, region};
  const std::string name = request.inference_component_name.value_or(""), key = ComponentKey(name);
  if (request.specifications) return NotBuilt("Specifications (one per instance type)");
  if (request.deployment_config) return NotBuilt("DeploymentConfig of an inference component");
  sagemaker::UpdateInferenceComponentOutput out;
  out.inference_component_arn = EndpointArn(scope, key);
  if (!request.specification) {
    if (!request.runtime_config)
      return Fail(kBadComponent, "Nothing to update: neither Specification nor RuntimeConfig.");
    ALOFT_TRY(SetCopies(scope, name, request.runtime_config->copy_count.value_or(1)));
    return out;
  }
  ALOFT_TRY(CheckSpecification(*request.specification));
  ALOFT_ASSIGN(Endpoint known, database_.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, scope, key); }));
  ALOFT_ASSIGN(Endpoint host, database_.Read([&](sql::Reader& reader) { return LoadHost(reader, scope, known.host); }));
  ALOFT_ASSIGN(const Variant* variant, HostVariant(*host.current, known.host_variant));
  ALOFT_ASSIGN(sagemaker::CreateModelRequest model,
               ModelFor(session, region, *request.specification, variant->model.execution_role_arn.value_or("")));
  ALOFT_TRY(database_.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Endpoint component, LoadEndpoint(transaction, scope, key));
    if (component.status != EndpointStatus::kInService && component.status != EndpointStatus::kFailed) {
      return Fail(kEndpointBusy, "Cannot update in-progress inference component \"" + EndpointArn(scope, key) + "\".");
    }
    ALOFT_ASSIGN(Endpoint now, LoadHost(transaction, scope, component.host));
    int copies = component.current ? component.current->variants.front().instances() : 1;
    if (request.runtime_config) copies = request.runtime_config->copy_count.value_or(copies);
    component.modified = clock_.Now();
    ALOFT_ASSIGN(component.next,
                 CopiesOf(*variant, *request.specification, model, copies, ++component.generation, component.modified));
    component.component = request.specification;
    component.rollout = {};
    component.status = EndpointStatus::kUpdating;
    component.failure.clear();
    ALOFT_TRY(CheckRoomWith(transaction, scope, *now.current, component));
    return UpdateEndpoint(transaction, scope, component);
  }));
  keeper_.Wake(scope, key);
  return out;
}

Result<Components::Copies> Components::CopiesNow(const Scope& scope, const std::string& name) const {
  ALOFT_ASSIGN(Endpoint component,
               database_.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, scope, ComponentKey(name)); }));
  if (!component.current) return Copies{0, true};
  return Copies{component.current->variants.front().instances(), component.status != EndpointStatus::kInService};
}

Status Components::SetCopies(const Scope& scope, const std::string& name, int copies) {
  const std::string key = ComponentKey(name);
  ALOFT_TRY(CheckCopies(copies));
  ALOFT_TRY(database_.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Endpoint component, LoadEndpoint(transaction, scope, key));
    if (component.status != EndpointStatus::kInService || !component.current) {
      return Fail(kEndpointBusy, "Cannot update inference component \"" + EndpointArn(scope, key) +
                                     "\": its status is " + std::string(ToString(component.status)) + ".");
    }
    ALOFT_ASSIGN(Endpoint host, LoadHost(transaction, scope, component.host));
    component.current->variants.front().plan.initial_instance_count = copies;
    component.status = EndpointStatus::kUpdating;
    component.failure.clear();
    component.modified = clock_.Now();
    ALOFT_TRY(CheckRoomWith(transaction, scope, *host.current, component));
    return UpdateEndpoint(transaction, scope, component);
  }));
  keeper_.Wake(scope, key);
  return {};
}

Result<sagemaker::UpdateInferenceComponentRuntimeConfigOutput> Components::UpdateRuntimeConfig(
    const Scope& scope, const sagemaker::UpdateInferenceComponentRuntimeConfigInput& request) {
  const std::string name = request.inference_component_name.value_or("");
  const int copies = request.desired_runtime_config ? request.desired_runtime_config->copy_count.value_or(1) : 1;
  ALOFT_TRY(SetCopies(scope, name, copies));
  sagemaker::UpdateInferenceComponentRuntimeConfigOutput out;
  out.inference_component_arn = EndpointArn(scope, ComponentKey(name));
  return out;
}

Status Components::Delete(const Scope& scope, const std::string& name) {
  const std::string key = ComponentKey(name);
  ALOFT_TRY(database_.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Endpoint component, LoadEndpoint(transaction, scope, key));
    if (component.status == EndpointStatus::kDeleting) return {};
    component.status = EndpointStatus::kDeleting;
    component.modified = clock_.Now();
    return UpdateEndpoint(transaction, scope, component);
  }));
  keeper_.Wake(scope, key);
  return {};
}

}  // namespace aloft::serving
