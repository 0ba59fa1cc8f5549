#include "services/models/service.h"

#include <algorithm>

#include "platform/identity/sessions.h"
#include "services/models/listing.h"
#include "services/models/records.h"
#include "services/models/serving_plan.h"
#include "services/resources/arn.h"
#include "services/resources/tags.h"

namespace aloft::models {

namespace sagemaker = shapes::sagemaker;

Service::Service(sql::Database& database, const identity::Service& identity, const compute::RuntimeTable& runtimes,
                 const Clock& clock, DataProbe probe)
    : database_(database), identity_(identity), runtimes_(runtimes), clock_(clock), probe_(std::move(probe)) {}

ModelData DataOf(const sagemaker::ContainerDefinition& container) {
  bool many = container.mode.value_or("SingleModel") == "MultiModel";
  if (container.model_data_source && container.model_data_source->s3_data_source) {
    const auto& source = *container.model_data_source->s3_data_source;
    return {source.s3_uri.value_or(""),
            source.s3_data_type.value_or("") == "S3Prefix" && source.compression_type.value_or("None") == "None"};
  }
  return {container.model_data_url.value_or(""), many};
}

Status Service::CheckData(const AccountId& account, const Region& region, const std::string& role,
                          const sagemaker::ContainerDefinition& container) const {
  ModelData data = DataOf(container);
  if (data.uri.empty() || !probe_) return {};
  Status readable = probe_(account, role, data.uri, data.is_prefix);
  if (readable.ok()) return {};
  return Fail(kModelDataNotReadable,
              "Could not access model data at " + data.uri + ". Please ensure that the role \"" + role +
                  "\" exists and that its trust relationship policy allows the action \"sts:AssumeRole\" for the "
                  "service principal \"sagemaker.amazonaws.com\". Also ensure that the role has \"s3:GetObject\" "
                  "permissions and that the object is located in " +
                  region.value() + ". (" + readable.error().message + ")",
              readable.error().detail);
}

Status Service::Check(const identity::Session& session, const Region& region,
                      const sagemaker::CreateModelRequest& request) const {
  ALOFT_ASSIGN(std::vector<sagemaker::ContainerDefinition> containers, ServedContainers(request));
  ALOFT_TRY(PlanServing(request, runtimes_));
  std::string role = request.execution_role_arn.value_or("");
  bool has_data =
      std::any_of(containers.begin(), containers.end(), [](const auto& c) { return !DataOf(c).uri.empty(); });
  if (role.empty() && has_data) {
    return Fail(kBadModel, "A model with data in S3 needs an ExecutionRoleArn that may read it.");
  }
  if (!role.empty())
    ALOFT_TRY(identity::CheckPassableFor(
        identity_.state(), session, role, "sagemaker.amazonaws.com",
        resources::SageMakerArn(session.account, region, "model", request.model_name.value_or(""))));
  for (const auto& container : containers) ALOFT_TRY(CheckData(session.account, region, role, container));
  return {};
}

Result<sagemaker::CreateModelResponse> Service::CreateModel(const identity::Session& session, const Region& region,
                                                            const sagemaker::CreateModelRequest& request) {
  ALOFT_TRY(Check(session, region, request));
  resources::Tags tags;
  if (request.tags) {
    ALOFT_ASSIGN(tags, resources::TagsOf(*request.tags));
  }
  ALOFT_TRY(resources::CheckTags(tags));

  Scope scope{session.account, region};
  Model model{request.model_name.value_or(""), clock_.Now(), request};
  model.request.tags.reset();
  std::string arn = resources::SageMakerArn(scope.account, scope.region, "model", model.name);
  ALOFT_TRY(database_.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(Insert(transaction, scope, model));
    return resources::PutTags(transaction, arn, tags);
  }));
  sagemaker::CreateModelResponse response;
  response.model_arn = arn;
  return response;
}

Result<Model> Service::Find(const Scope& scope, const std::string& name) const {
  return database_.Read([&](sql::Reader& reader) { return Load(reader, scope, name); });
}

Result<sagemaker::DescribeModelResponse> Service::DescribeModel(const Scope& scope, const std::string& name) const {
  ALOFT_ASSIGN(Model model, Find(scope, name));
  sagemaker::DescribeModelResponse response;
  response.model_name = model.name;
  response.model_arn = resources::SageMakerArn(scope.account, scope.region, "model", model.name);
  response.primary_container = model.request.primary_container;
  response.containers = model.request.containers;
  response.inference_execution_config = model.request.inference_execution_config;
  response.execution_role_arn = model.request.execution_role_arn;
  response.vpc_config = model.request.vpc_config;
  response.enable_network_isolation = model.request.enable_network_isolation.value_or(false);
  response.creation_time = model.created;
  response.unknown = model.request.unknown;
  return response;
}

Result<sagemaker::ListModelsResponse> Service::ListModels(const Scope& scope,
                                                          const sagemaker::ListModelsRequest& request) const {
  ALOFT_ASSIGN(ListPage page,
               database_.Read([&](sql::Reader& reader) { return ListNamed(reader, kTable, scope, QueryOf(request)); }));
  sagemaker::ListModelsResponse response;
  response.next_token = page.next_token;
  response.models.emplace();
  for (const Listed& item : page.items) {
    sagemaker::ModelSummary summary;
    summary.model_name = item.name;
    summary.model_arn = resources::SageMakerArn(scope.account, scope.region, "model", item.name);
    summary.creation_time = item.created;
    response.models->push_back(std::move(summary));
  }
  return response;
}

Status Service::DeleteModel(const Scope& scope, const std::string& name) {
  return database_.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(Remove(transaction, scope, name));
    return resources::RemoveAllTags(transaction, resources::SageMakerArn(scope.account, scope.region, "model", name));
  });
}

}  // namespace aloft::models
