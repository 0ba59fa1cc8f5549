// Reads of bucket configurations that cannot be written yet. Each answers what AWS answers where nothing was
// configured, which is the truth here: tools read them before they touch a bucket. The writes are refused by name.
#include "api/aws/s3/operation.h"

namespace aloft::api::s3 {
namespace {

struct Unconfigured {
  std::string_view operation;
  std::string_view action;
  const Reason* reason;   // null: answered with `element`
  std::string_view text;  // the error's message, or the content of the element
  std::string_view element = {};
};

constexpr Unconfigured kReads[] = {
    {"GetBucketVersioning", "s3:GetBucketVersioning", nullptr, "", "VersioningConfiguration"},
    {"GetBucketNotificationConfiguration", "s3:GetBucketNotification", nullptr, "", "NotificationConfiguration"},
    {"GetBucketLogging", "s3:GetBucketLogging", nullptr, "", "BucketLoggingStatus"},
    {"GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration", nullptr, "", "AccelerateConfiguration"},
    {"GetBucketRequestPayment", "s3:GetBucketRequestPayment", nullptr, "<Payer>BucketOwner</Payer>",
     "RequestPaymentConfiguration"},
    {"GetBucketPolicy", "s3:GetBucketPolicy", &kNoBucketPolicy, "The bucket policy does not exist"},
    {"GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", &kNoBucketPolicy, "The bucket policy does not exist"},
    {"GetBucketTagging", "s3:GetBucketTagging", &kNoTagSet, "The TagSet does not exist"},
    {"GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", &kNoLifecycle,
     "The lifecycle configuration does not exist"},
    {"GetBucketCors", "s3:GetBucketCORS", &kNoCors, "The CORS configuration does not exist"},
    {"GetBucketEncryption", "s3:GetEncryptionConfiguration", &kNoEncryption,
     "The server side encryption configuration was not found"},
    {"GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", &kNoPublicAccessBlock,
     "The public access block configuration was not found"},
    {"GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", &kNoOwnershipControls,
     "The bucket ownership controls were not found"},
    {"GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", &kNoObjectLock,
     "Object Lock configuration does not exist for this bucket"},
    {"GetBucketReplication", "s3:GetReplicationConfiguration", &kNoReplication,
     "The replication configuration was not found"},
    {"GetBucketWebsite", "s3:GetBucketWebsite", &kNoWebsite,
     "The specified bucket does not have a website configuration"},
};

Row MakeReadRow(const Context& context, const Unconfigured& read) {
  return MakeRow(context, read.operation, [&read](const Context& made, const Call&, Target target) -> Result<Plan> {
    Plan plan;
    plan.permissions = {{std::string(read.action), target.BucketArn(), {}}};
    plan.work = [&made, &read, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
      ALOFT_TRY(CheckExpectedOwner(made, c, target.bucket));
      ALOFT_TRY(made.dependencies.objects.HeadBucket(c.session.account, target.bucket));
      if (read.reason != nullptr) return Fail(*read.reason, std::string(read.text));
      std::string body;
      codec::XmlWriter(body).Open(read.element, kNamespace).Raw(read.text).Close();
      return XmlAnswer(c, std::move(body));
    };
    return plan;
  });
}

// The owner has everything and nobody else has anything: what an account's bucket without ACLs answers.
Result<Plan> PlanAcl(const Context& context, const Call&, Target target) {
  bool of_object = !target.key.empty();
  Plan plan;
  plan.permissions = {
      {of_object ? "s3:GetObjectAcl" : "s3:GetBucketAcl", of_object ? target.ObjectArn() : target.BucketArn(), {}}};
  plan.work = [&context, of_object, target = std::move(target)](const Call& c,
                                                                const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(CheckExpectedOwner(context, c, target.bucket));
    auto& store = context.dependencies.objects;
    ALOFT_TRY(store.HeadBucket(c.session.account, target.bucket));
    if (of_object) ALOFT_TRY(store.HeadObject(c.session.account, target.bucket, target.key));
    std::string owner = CanonicalUserId(c.session.account);
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("AccessControlPolicy", kNamespace).Open("Owner").Element("ID", owner).Close();
    xml.Open("AccessControlList").Open("Grant");
    xml.Raw("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">");
    xml.Element("ID", owner).Raw("</Grantee>").Element("Permission", "FULL_CONTROL").Close().Close().Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

}  // namespace

void AddConfigurationRows(const Context& context, std::vector<Row>& rows) {
  for (const auto& read : kReads) rows.push_back(MakeReadRow(context, read));
  rows.push_back(MakeRow(context, "GetBucketAcl", PlanAcl));
  rows.push_back(MakeRow(context, "GetObjectAcl", PlanAcl));
}

}  // namespace aloft::api::s3
