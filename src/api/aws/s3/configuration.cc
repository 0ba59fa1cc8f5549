// Configurations of a bucket that are documents: put, answered as they were put, deleted. What S3 has and this Aloft
// does not answers its reads as S3 does where nothing is configured, which is the truth, and refuses its writes by
// name.
#include <optional>

#include "api/aws/s3/acl_rules.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3_documents/checks.h"
#include "api/aws/s3_documents/schemas.h"

namespace aloft::api::s3 {
namespace {

using documents::XmlRule;

// An operation on a configuration: its name, the action it needs, its status. An empty name: there is none.
struct Verb {
  std::string_view operation{};
  std::string_view action{};
  int status = 200;
};

struct Configuration {
  std::string_view setting;
  const XmlRule* schema;
  Status (*check)(codec::XmlElement&);  // null: the schema says everything
  Verb get;
  Verb put;
  Verb remove;
  const Reason* missing;    // where nothing is configured; null: `text` is the answer
  std::string_view text;    // the error's message, or the content of the root element
  bool by_default = false;  // `text` holds where nothing was put, `missing` where its owner removed it
};

constexpr std::string_view kAllBlocked =
    "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"
    "<BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>";
// What a bucket says of which nobody said anything else: its objects are encrypted.
constexpr std::string_view kEncrypted =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>"
    "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>"
    "<BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>";
constexpr std::string_view kEnforced = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>";

constexpr Configuration kConfigurations[] = {
    {kCorsSetting,
     &documents::kCorsSchema,
     documents::CheckCors,
     {"GetBucketCors", "s3:GetBucketCORS"},
     {"PutBucketCors", "s3:PutBucketCORS"},
     {"DeleteBucketCors", "s3:PutBucketCORS", 204},
     &kNoCors,
     "The CORS configuration does not exist"},
    {"tagging",
     &documents::kTaggingSchema,
     documents::CheckBucketTagging,
     {"GetBucketTagging", "s3:GetBucketTagging"},
     {"PutBucketTagging", "s3:PutBucketTagging", 204},
     {"DeleteBucketTagging", "s3:PutBucketTagging", 204},
     &kNoTagSet,
     "The TagSet does not exist"},
    {kLifecycleSetting,
     &documents::kLifecycleSchema,
     documents::CheckLifecycle,
     {"GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"},
     {"PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"},
     {"DeleteBucketLifecycle", "s3:PutLifecycleConfiguration", 204},
     &kNoLifecycle,
     "The lifecycle configuration does not exist"},
    {"encryption",
     &documents::kEncryptionSchema,
     documents::CheckEncryption,
     {"GetBucketEncryption", "s3:GetEncryptionConfiguration"},
     {"PutBucketEncryption", "s3:PutEncryptionConfiguration"},
     {"DeleteBucketEncryption", "s3:PutEncryptionConfiguration", 204},
     &kNoEncryption,
     "The server side encryption configuration was not found"},
    {"notification",
     &documents::kNotificationSchema,
     documents::CheckNotification,
     {"GetBucketNotificationConfiguration", "s3:GetBucketNotification"},
     {"PutBucketNotificationConfiguration", "s3:PutBucketNotification"},
     {},
     nullptr,
     ""},
    {kPublicAccessSetting,
     &documents::kPublicAccessBlockSchema,
     nullptr,
     {"GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"},
     {"PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"},
     {"DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock", 204},
     &kNoPublicAccessBlock,
     kAllBlocked,
     true},
    {kOwnershipSetting,
     &documents::kOwnershipSchema,
     nullptr,
     {"GetBucketOwnershipControls", "s3:GetBucketOwnershipControls"},
     {"PutBucketOwnershipControls", "s3:PutBucketOwnershipControls"},
     {"DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls", 204},
     &kNoOwnershipControls,
     kEnforced,
     true},
    {"logging",
     &documents::kLoggingSchema,
     nullptr,
     {"GetBucketLogging", "s3:GetBucketLogging"},
     {"PutBucketLogging", "s3:PutBucketLogging"},
     {},
     nullptr,
     ""},
    {"request-payment",
     &documents::kRequestPaymentSchema,
     nullptr,
     {"GetBucketRequestPayment", "s3:GetBucketRequestPayment"},
     {"PutBucketRequestPayment", "s3:PutBucketRequestPayment"},
     {},
     nullptr,
     "<Payer>BucketOwner</Payer>"},
};

std::string_view MissingText(const Configuration& configuration) {
  if (configuration.missing == &kNoPublicAccessBlock) return "The public access block configuration was not found";
  if (configuration.missing == &kNoOwnershipControls) return "The bucket ownership controls were not found";
  return configuration.text;
}

std::string DefaultDocument(const Configuration& configuration) {
  std::string body;
  codec::XmlWriter(body).Open(configuration.schema->name, kNamespace).Raw(configuration.text).Close();
  return body;
}

Result<Plan> PlanGet(const Context& context, const Configuration& configuration, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, configuration.get.action, target.BucketArn())};
  plan.work = [&context, &configuration, target = std::move(target)](const Call& c,
                                                                     const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto document, context.dependencies.objects.GetSetting(owner, target.bucket, configuration.setting));
    bool removed = document && *document == kRemoved;
    if (document && !removed) return XmlAnswer(c, std::move(*document));
    if (configuration.setting == "encryption" && context.options.encrypts_by_default)
      return XmlAnswer(c, std::string(kEncrypted));
    if (configuration.missing == nullptr || (configuration.by_default && !removed))
      return XmlAnswer(c, DefaultDocument(configuration));
    return Fail(*configuration.missing, std::string(MissingText(configuration)));
  };
  return plan;
}

// What is valid and not built.
Status CheckBuilt(const Call& call, const Configuration& configuration, const codec::XmlElement& root) {
  if (configuration.setting == "logging" && root.Child("LoggingEnabled") != nullptr)
    return Fail(kNotImplemented, "s3:PutBucketLogging with LoggingEnabled is not built in this Aloft.");
  if (configuration.setting == "request-payment" && root.ChildText("Payer") != "BucketOwner")
    return Fail(kNotImplemented, "s3:PutBucketRequestPayment with Requester is not built in this Aloft.");
  if (configuration.setting == "notification" && root.Child("EventBridgeConfiguration") != nullptr)
    return Fail(kNotImplemented, "Notifications to an event bus are not built in this Aloft.");
  // S3 asks the destinations whether they are there; here none can be.
  if (configuration.setting == "notification" && !root.children.empty() &&
      !EqualsIgnoreCase(call.head().headers.Get("x-amz-skip-destination-validation"), "true"))
    return Fail(kInvalidArgument, "Unable to validate the following destination configurations");
  if (configuration.setting == "lifecycle") {
    std::string_view size = call.head().headers.Get("x-amz-transition-default-minimum-object-size");
    if (size == "varies_by_storage_class")
      return Fail(kNotImplemented, "The transition minimum varies_by_storage_class is not built in this Aloft.");
  }
  return {};
}

Result<Plan> PlanPut(const Context& context, const Configuration& configuration, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  ALOFT_ASSIGN(codec::XmlElement root, documents::ReadXml(call.body, *configuration.schema));
  if (configuration.check != nullptr) ALOFT_TRY(configuration.check(root));
  ALOFT_TRY(CheckBuilt(call, configuration, root));
  Plan plan;
  plan.permissions = {Need(context, call, configuration.put.action, target.BucketArn())};
  plan.work = [&context, &configuration, target = std::move(target), document = documents::WriteXml(root)](
                  const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    if (configuration.setting == kOwnershipSetting) {
      ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
      ALOFT_TRY(CheckOwnershipChange(*access, document));
    }
    ALOFT_TRY(context.dependencies.objects.PutSetting(owner, target.bucket, configuration.setting, document));
    http::Response response = Answer(c, configuration.put.status);
    if (configuration.setting == "lifecycle")
      response.headers.Add("x-amz-transition-default-minimum-object-size", "all_storage_classes_128K");
    return response;
  };
  return plan;
}

Result<Plan> PlanRemove(const Context& context, const Configuration& configuration, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, configuration.remove.action, target.BucketArn())};
  plan.work = [&context, &configuration, target = std::move(target)](const Call& c,
                                                                     const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    auto& objects = context.dependencies.objects;
    if (configuration.by_default)
      ALOFT_TRY(objects.PutSetting(owner, target.bucket, configuration.setting, kRemoved));
    else
      ALOFT_TRY(objects.DeleteSetting(owner, target.bucket, configuration.setting));
    return Answer(c, configuration.remove.status);
  };
  return plan;
}

using ConfigurationPlanner = Result<Plan> (*)(const Context&, const Configuration&, const Call&, Target);

void Add(const Context& context, std::vector<Row>& rows, const Configuration& configuration, const Verb& verb,
         ConfigurationPlanner planner) {
  if (verb.operation.empty()) return;
  rows.push_back(MakeRow(
      context, verb.operation,
      [&configuration, planner](const Context& made, const Call& call, Target target) {
        return planner(made, configuration, call, std::move(target));
      },
      1u << 20));
}

// Reads of what cannot be configured here.
struct Unconfigured {
  std::string_view operation;
  std::string_view action;
  const Reason* reason;  // null: answered with `element`
  std::string_view text;
  std::string_view element = {};
};

constexpr Unconfigured kUnconfigured[] = {
    {"GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration", nullptr, "", "AccelerateConfiguration"},
    {"GetBucketAbac", "s3:GetBucketAbac", nullptr, "<Status>Disabled</Status>", "AbacStatus"},
    {"GetBucketMetadataConfiguration", "s3:GetBucketMetadataTableConfiguration", &kNoMetadata,
     "The metadata configuration was not found"},
    {"GetBucketMetadataTableConfiguration", "s3:GetBucketMetadataTableConfiguration", &kNoMetadata,
     "The metadata configuration was not found"},
    {"GetBucketReplication", "s3:GetReplicationConfiguration", &kNoReplication,
     "The replication configuration was not found"},
    {"GetBucketWebsite", "s3:GetBucketWebsite", &kNoWebsite,
     "The specified bucket does not have a website configuration"},
    {"GetBucketAnalyticsConfiguration", "s3:GetAnalyticsConfiguration", &kNoConfiguration,
     "The specified configuration does not exist."},
    {"GetBucketMetricsConfiguration", "s3:GetMetricsConfiguration", &kNoConfiguration,
     "The specified configuration does not exist."},
    {"GetBucketIntelligentTieringConfiguration", "s3:GetIntelligentTieringConfiguration", &kNoConfiguration,
     "The specified configuration does not exist."},
    {"ListBucketAnalyticsConfigurations", "s3:GetAnalyticsConfiguration", nullptr, "<IsTruncated>false</IsTruncated>",
     "ListBucketAnalyticsConfigurationResult"},
    {"ListBucketMetricsConfigurations", "s3:GetMetricsConfiguration", nullptr, "<IsTruncated>false</IsTruncated>",
     "ListMetricsConfigurationsResult"},
    {"ListBucketIntelligentTieringConfigurations", "s3:GetIntelligentTieringConfiguration", nullptr,
     "<IsTruncated>false</IsTruncated>", "ListBucketIntelligentTieringConfigurationsOutput"},
};

Result<Plan> PlanUnconfigured(const Context& context, const Unconfigured& read, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, read.action, target.BucketArn())};
  plan.work = [&context, &read, target = std::move(target)](const Call& c,
                                                            const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(OwnerOf(context, c, target.bucket));
    if (read.reason != nullptr) return Fail(*read.reason, std::string(read.text));
    std::string body;
    codec::XmlWriter(body).Open(read.element, kNamespace).Raw(read.text).Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

}  // namespace

void AddConfigurationRows(const Context& context, std::vector<Row>& rows) {
  for (const auto& configuration : kConfigurations) {
    Add(context, rows, configuration, configuration.get, PlanGet);
    Add(context, rows, configuration, configuration.put, PlanPut);
    Add(context, rows, configuration, configuration.remove, PlanRemove);
  }
  for (const auto& read : kUnconfigured)
    rows.push_back(MakeRow(context, read.operation, [&read](const Context& made, const Call& call, Target target) {
      return PlanUnconfigured(made, read, call, std::move(target));
    }));
}

}  // namespace aloft::api::s3
