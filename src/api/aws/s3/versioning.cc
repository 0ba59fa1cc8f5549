// Versioning and object lock of buckets; retention and legal hold of versions.
#include "api/aws/s3/operation.h"
#include "api/aws/s3_documents/schemas.h"
#include "api/aws/s3_wire/object_headers.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3 {
namespace {

using objects::RetentionMode;
using objects::Versioning;

Result<Plan> PlanGetVersioning(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetBucketVersioning", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("VersioningConfiguration", kNamespace);
    Versioning versioning = access->bucket.versioning;
    if (versioning != Versioning::kNever)
      xml.Element("Status", versioning == Versioning::kEnabled ? "Enabled" : "Suspended");
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

Result<Plan> PlanPutVersioning(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  ALOFT_ASSIGN(auto root, documents::ReadXml(call.body, documents::kVersioningSchema));
  if (root.ChildText("MfaDelete") == "Enabled")
    return Fail(kNotImplemented, "s3:PutBucketVersioning with MfaDelete is not built in this Aloft.");
  if (root.Child("Status") == nullptr) return Fail(kIllegalVersioning, "The Versioning element must be specified");
  Versioning versioning = root.ChildText("Status") == "Enabled" ? Versioning::kEnabled : Versioning::kSuspended;
  Plan plan;
  plan.permissions = {Need(context, call, "s3:PutBucketVersioning", target.BucketArn())};
  plan.work = [&context, target = std::move(target), versioning](const Call& c,
                                                                 const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.SetVersioning(owner, target.bucket, versioning));
    return Answer(c, 200);
  };
  return plan;
}

Result<Plan> PlanGetLock(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetBucketObjectLockConfiguration", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    const auto& lock = access->bucket.lock;
    if (!lock.enabled) return Fail(kNoObjectLock, "Object Lock configuration does not exist for this bucket");
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("ObjectLockConfiguration", kNamespace).Element("ObjectLockEnabled", "Enabled");
    if (lock.retention.mode != RetentionMode::kNone) {
      xml.Open("Rule").Open("DefaultRetention").Element("Mode", RetentionModeName(lock.retention.mode));
      if (lock.retention.days > 0) xml.Element("Days", lock.retention.days);
      if (lock.retention.years > 0) xml.Element("Years", lock.retention.years);
      xml.Close().Close();
    }
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

Result<Plan> PlanPutLock(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  ALOFT_ASSIGN(auto root, documents::ReadXml(call.body, documents::kObjectLockSchema));
  objects::LockConfiguration lock{.enabled = true};
  if (root.ChildText("ObjectLockEnabled") != "Enabled") return documents::MalformedXml();
  if (const auto* rule = root.Child("Rule")) {
    const auto* retention = rule->Child("DefaultRetention");
    bool days = retention->Child("Days") != nullptr;
    if (days == (retention->Child("Years") != nullptr)) return documents::MalformedXml();
    auto count = documents::XmlNumber(*retention, days ? "Days" : "Years");
    if (count == 0 || count > (days ? 36500u : 100u))
      return Fail(kInvalidRetentionPeriod, days ? "Default retention period must be a positive integer value for 'Days'"
                                                : "Default retention period must be a positive integer value for "
                                                  "'Years'");
    lock.retention.mode = ParseRetentionMode(retention->ChildText("Mode"));
    (days ? lock.retention.days : lock.retention.years) = static_cast<int>(count);
  }
  Plan plan;
  plan.permissions = {Need(context, call, "s3:PutBucketObjectLockConfiguration", target.BucketArn())};
  plan.work = [&context, target = std::move(target), lock](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.SetLockConfiguration(owner, target.bucket, lock));
    return Answer(c, 200);
  };
  return plan;
}

// The version of a lock's operation, in a bucket that locks.
Result<objects::ObjectInfo> FindLockable(const Context& context, const Call& call, const Authorized& authorized,
                                         const Target& target) {
  ALOFT_ASSIGN(AccountId owner, OwnerOf(context, call, target.bucket));
  ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
  if (!access->bucket.lock.enabled)
    return Fail(objects::kNoLockConfiguration, "Bucket is missing Object Lock Configuration");
  return DescribeVersion(context, call, authorized, owner, target);
}

Result<Plan> PlanGetRetention(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetObjectRetention", target.ObjectArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized& a) -> Result<http::Response> {
    ALOFT_ASSIGN(auto info, FindLockable(context, c, a, target));
    const auto& retention = info.lock.retention;
    if (retention.mode == RetentionMode::kNone)
      return Fail(kNoObjectLockOfObject, "The specified object does not have a ObjectLock configuration");
    std::string body;
    codec::XmlWriter(body)
        .Open("Retention", kNamespace)
        .Element("Mode", RetentionModeName(retention.mode))
        .Element("RetainUntilDate", codec::FormatIso8601Millis(retention.until))
        .Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

Result<Plan> PlanPutRetention(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  objects::Retention retention;
  if (!Trim(call.body).empty()) {
    ALOFT_ASSIGN(auto root, documents::ReadXml(call.body, documents::kRetentionSchema));
    if ((root.Child("Mode") != nullptr) != (root.Child("RetainUntilDate") != nullptr)) return documents::MalformedXml();
    retention.mode = ParseRetentionMode(root.ChildText("Mode"));
    if (retention.mode != RetentionMode::kNone) {
      retention.until = *codec::ParseIso8601(Trim(root.ChildText("RetainUntilDate")));
      if (retention.until <= call.received)
        return Fail(kInvalidArgument, "The retain until date must be in the future!");
    }
  }
  Plan plan;
  bool bypass = BypassesGovernance(call);
  identity::Context more;
  if (retention.mode != RetentionMode::kNone) {
    auto days = std::chrono::ceil<std::chrono::days>(retention.until - call.received).count();
    more["s3:object-lock-mode"] = {std::string(RetentionModeName(retention.mode))};
    more["s3:object-lock-retain-until-date"] = {codec::FormatIso8601(retention.until)};
    more["s3:object-lock-remaining-retention-days"] = {std::to_string(days)};
  }
  plan.permissions = {Need(context, call, "s3:PutObjectRetention", target.ObjectArn(), std::move(more))};
  if (bypass) plan.permissions.push_back(Need(context, call, "s3:BypassGovernanceRetention", target.ObjectArn()));
  plan.work = [&context, target = std::move(target), retention, bypass](const Call& c,
                                                                        const Authorized& a) -> Result<http::Response> {
    ALOFT_ASSIGN(auto info, FindLockable(context, c, a, target));
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.SetRetention(owner, target.bucket, target.key, retention, bypass,
                                                        target.Get("versionId")));
    return Answer(c, 200);
  };
  return plan;
}

Result<Plan> PlanGetHold(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetObjectLegalHold", target.ObjectArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized& a) -> Result<http::Response> {
    ALOFT_ASSIGN(auto info, FindLockable(context, c, a, target));
    std::string body;
    codec::XmlWriter(body).Open("LegalHold", kNamespace).Element("Status", info.lock.legal_hold ? "ON" : "OFF").Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

Result<Plan> PlanPutHold(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  ALOFT_ASSIGN(auto root, documents::ReadXml(call.body, documents::kLegalHoldSchema));
  bool hold = root.ChildText("Status") == "ON";
  Plan plan;
  plan.permissions = {Need(context, call, "s3:PutObjectLegalHold", target.ObjectArn(),
                           {{"s3:object-lock-legal-hold", {std::string(root.ChildText("Status"))}}})};
  plan.work = [&context, target = std::move(target), hold](const Call& c,
                                                           const Authorized& a) -> Result<http::Response> {
    ALOFT_ASSIGN(auto info, FindLockable(context, c, a, target));
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_TRY(
        context.dependencies.objects.SetLegalHold(owner, target.bucket, target.key, hold, target.Get("versionId")));
    return Answer(c, 200);
  };
  return plan;
}

}  // namespace

bool BypassesGovernance(const Call& call) {
  return EqualsIgnoreCase(call.head().headers.Get("x-amz-bypass-governance-retention"), "true");
}

void AddVersioningRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "GetBucketVersioning", PlanGetVersioning));
  rows.push_back(MakeRow(context, "PutBucketVersioning", PlanPutVersioning));
  rows.push_back(MakeRow(context, "GetObjectLockConfiguration", PlanGetLock));
  rows.push_back(MakeRow(context, "PutObjectLockConfiguration", PlanPutLock));
  rows.push_back(MakeRow(context, "GetObjectRetention", PlanGetRetention));
  rows.push_back(MakeRow(context, "PutObjectRetention", PlanPutRetention));
  rows.push_back(MakeRow(context, "GetObjectLegalHold", PlanGetHold));
  rows.push_back(MakeRow(context, "PutObjectLegalHold", PlanPutHold));
}

}  // namespace aloft::api::s3
