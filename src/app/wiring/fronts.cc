#include "app/wiring/fronts.h"

#include "api/admin/front.h"
#include "api/aws/application_autoscaling/rows.h"
#include "api/aws/cloudtrail/rows.h"
#include "api/aws/cloudwatch/alarm_rows.h"
#include "api/aws/cloudwatch/rows.h"
#include "api/aws/iam/api.h"
#include "api/aws/kms/api.h"
#include "api/aws/logs/rows.h"
#include "api/aws/organizations/api.h"
#include "api/aws/s3/front.h"
#include "api/aws/sagemaker/endpoint_rows.h"
#include "api/aws/sagemaker/model_rows.h"
#include "api/aws/sagemaker/processing_rows.h"
#include "api/aws/sagemaker/tag_rows.h"
#include "api/aws/sagemaker/training_rows.h"
#include "api/aws/sagemaker/transform_rows.h"
#include "api/aws/sagemaker_runtime/api.h"
#include "api/aws/sagemaker_runtime/async_rows.h"
#include "api/aws/sts/api.h"
#include "api/aws_common/front.h"
#include "api/inference/front.h"
#include "api/sign_in/front.h"
#include "app/wiring/tag_facts.h"

namespace aloft::app {
namespace {

// What SageMaker's AddTags and ListTags may name, by the kind in the ARN.
api::TagTargets TagTargetsOf(Services& services) {
  api::TagTargets owners;
  owners["training-job"] = [&services](const AccountId& account, const Region& region, const std::string& name) {
    return services.training().Exists({account, region}, name);
  };
  owners["processing-job"] = [&services](const AccountId& account, const Region& region, const std::string& name) {
    return services.processing().Exists({account, region}, name);
  };
  owners["model"] = [&services](const AccountId& account, const Region& region, const std::string& name) -> Status {
    ALOFT_TRY(services.models().Find({account, region}, name));
    return {};
  };
  owners["transform-job"] = [&services](const AccountId& account, const Region& region,
                                        const std::string& name) -> Status {
    ALOFT_TRY(services.transform().DescribeTransformJob({account, region}, name));
    return {};
  };
  owners["endpoint"] = [&services](const AccountId& account, const Region& region, const std::string& name) -> Status {
    ALOFT_TRY(services.serving().DescribeEndpoint({account, region}, name));
    return {};
  };
  owners["inference-component"] = [&services](const AccountId& account, const Region& region,
                                              const std::string& name) -> Status {
    ALOFT_TRY(services.serving().components().Describe({account, region}, name));
    return {};
  };
  owners["endpoint-config"] = [&services](const AccountId& account, const Region& region,
                                          const std::string& name) -> Status {
    ALOFT_TRY(services.serving().DescribeEndpointConfig({account, region}, name));
    return {};
  };
  return owners;
}

}  // namespace

Fronts::Fronts(World& world, Stores& stores, Platform& platform, Doors& doors, Services& services, os::ThreadPool& pool,
               std::function<std::string()> status_json) {
  std::vector<api::ServiceApi> apis;
  apis.push_back(api::MakeIamApi({platform.identity(), doors.factors(), doors.issuers().networks()}));
  apis.push_back(api::MakeStsApi({platform.identity(), doors.factors(), doors.issuers()}));
  apis.push_back(api::MakeOrganizationsApi(platform.identity()));
  apis.push_back(api::MakeKmsApi(platform.kms(), platform.kms_access()));
  apis.push_back(api::MakeLogsApi(platform.logs()));
  apis.push_back(api::MakeCloudWatchApi(platform.points()));
  apis.push_back(api::MakeAlarmsApi(services.alarms()));
  apis.push_back(api::MakeScalingApi(services.scaling()));
  apis.push_back(api::MakeCloudTrailApi(platform.audit(), services.trails()));
  apis.push_back(api::MakeTrainingApi(services.training()));
  apis.push_back(api::MakeProcessingApi(services.processing()));
  apis.push_back(api::MakeTagsApi(stores.database(), TagTargetsOf(services)));
  apis.push_back(api::MakeModelApi(services.models()));
  apis.push_back(api::MakeEndpointApi(services.serving()));
  apis.push_back(api::MakeTransformApi(services.transform()));
  apis.push_back(api::MakeSageMakerRuntimeApi(services.serving()));
  apis.push_back(api::MakeAsyncInferenceApi(services.async_inference()));
  tags_ = std::make_unique<TagFacts>(stores.database(), platform.identity());
  for (api::ServiceApi& api : apis)
    for (api::Row& row : api.rows)
      if (row.facts == nullptr) row.facts = tags_.get();
  aws_ = std::make_unique<api::AwsFront>(std::move(apis));
  // A bucket's name before a name of this server's; nothing goes before an address.
  s3_ = std::make_unique<api::s3::Front>(
      api::s3::Dependencies{services.objects(), pool, world.clock, &platform.identity(), &platform.kms_access()},
      api::s3::Options{world.config.domain(), world.config.encrypt_at_rest});
  inference_ = std::make_unique<api::InferenceFront>(services.serving(), tags_.get());
  sign_in_ = std::make_unique<api::SignInFront>(platform.identity(), doors.sign_in(), doors.tokens());
  admin_ = std::make_unique<api::admin::AdminFront>(api::admin::AdminSources{
      platform.identity(), platform.keyring(), platform.resealer(), platform.kms_access(), world.metrics,
      [&stores] { return stores.Ready(); }, std::move(status_json), [this] { return all_; }, services.training(),
      services.backend(), services.quotas(), services.objects(), services.serving(), AccountId(platform.account())});
  // S3 is last: it takes what nobody else claims.
  all_ = {sign_in_.get(), admin_.get(), inference_.get(), aws_.get(), s3_.get()};
}

Fronts::~Fronts() = default;

std::optional<std::string> Fronts::SignedPath(const http::RequestHead& head) const {
  return s3_->SignedPath(head);
}

}  // namespace aloft::app
