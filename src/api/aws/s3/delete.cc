// DeleteObject and DeleteObjects.
#include "api/aws/s3/headers.h"
#include "api/aws/s3/operation.h"
#include "services/objects/digests.h"
#include "services/objects/policy.h"

namespace aloft::api::s3 {
namespace {

constexpr std::size_t kMaxKeys = 1000;

Result<Plan> PlanDelete(const Context& context, const Call& call, Target target) {
  objects::WriteCondition condition;
  condition.if_match = Unquoted(Trim(call.head().headers.Get("if-match")));
  Plan plan;
  plan.permissions = {{"s3:DeleteObject", target.ObjectArn(), {}}};
  plan.work = [&context, target = std::move(target), condition = std::move(condition)](
                  const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(CheckExpectedOwner(context, c, target.bucket));
    objects::DeleteRequest request{.bucket = target.bucket, .key = target.key, .condition = condition};
    ALOFT_TRY(context.dependencies.objects.DeleteObject(c.session.account, request));
    return Answer(c, 204);
  };
  return plan;
}

struct Doomed {
  std::string key;
  std::string etag;
  bool unknown_version = false;
};

Result<std::vector<Doomed>> ReadKeys(const codec::XmlElement& root) {
  auto malformed = [] {
    return Fail(kMalformedXml,
                "The XML you provided was not well-formed or did not validate against our published schema");
  };
  if (root.name != "Delete") return malformed();
  std::vector<Doomed> doomed;
  for (const auto& child : root.children) {
    if (child.name != "Object") continue;
    if (child.Child("Key") == nullptr || doomed.size() == kMaxKeys) return malformed();
    std::string_view version = child.ChildText("VersionId");
    doomed.push_back({std::string(child.ChildText("Key")), std::string(Unquoted(child.ChildText("ETag"))),
                      !version.empty() && version != "null"});
  }
  if (doomed.empty()) return malformed();
  return doomed;
}

// A list of keys must not arrive damaged: S3 wants a digest of it, in the head.
Status CheckBody(const Call& call) {
  ALOFT_ASSIGN(BodyDigests digests, ReadDigests(call.head().headers));
  bool announced = !digests.expected.md5.empty() || !digests.expected.checksum.empty();
  if (!announced) return Fail(kInvalidRequest, "Missing required header for this request: Content-MD5");
  objects::Digester digester(digests.algorithm);
  digester.Update(AsBytes(call.body));
  auto actual = digester.Finish();
  if (!digests.expected.md5.empty() && digests.expected.md5 != actual.md5)
    return Fail(objects::kBadDigest, "The Content-MD5 you specified did not match what we received.");
  if (!digests.expected.checksum.empty() && digests.expected.checksum != actual.checksum.value)
    return Fail(objects::kBadDigest, "The " + std::string(objects::ToString(digests.algorithm)) +
                                         " you specified did not match the calculated checksum.");
  return {};
}

Status DeleteOne(const Context& context, const Call& call, const Authorized& authorized, const Target& target,
                 const Doomed& doomed) {
  if (doomed.unknown_version) return Fail(kNoSuchVersion, "The specified version does not exist.");
  ALOFT_TRY(objects::CheckKey(doomed.key, context.dependencies.objects.limits()));
  if (!authorized.Allows({"s3:DeleteObject", target.BucketArn() + "/" + doomed.key, {}}))
    return Fail(kAccessDenied, "Access Denied");
  objects::DeleteRequest request{.bucket = target.bucket, .key = doomed.key};
  request.condition.if_match = doomed.etag;
  ALOFT_TRY(context.dependencies.objects.DeleteObject(call.session.account, request));
  return {};
}

Result<Plan> PlanDeleteMany(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call));
  ALOFT_ASSIGN(codec::XmlElement root, codec::ParseXml(call.body));
  ALOFT_ASSIGN(std::vector<Doomed> doomed, ReadKeys(root));
  bool quiet = root.ChildText("Quiet") == "true";
  Plan plan;
  // Each key is asked about on its own: some may be refused and the others deleted.
  plan.work = [&context, target = std::move(target), doomed = std::move(doomed), quiet](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_TRY(CheckExpectedOwner(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.HeadBucket(c.session.account, target.bucket));
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("DeleteResult", kNamespace);
    for (const auto& one : doomed) {
      auto deleted = DeleteOne(context, c, authorized, target, one);
      if (!deleted.ok()) {
        WireError wire = NameError(deleted.error());
        xml.Open("Error").Element("Key", one.key).Element("Code", wire.code);
        xml.Element("Message", wire.status >= 500 ? "We encountered an internal error. Please try again."
                                                  : deleted.error().message.c_str());
        xml.Close();
      } else if (!quiet) {
        xml.Open("Deleted").Element("Key", one.key).Close();
      }
    }
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

}  // namespace

void AddDeleteRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "DeleteObject", PlanDelete));
  rows.push_back(MakeRow(context, "DeleteObjects", PlanDeleteMany, kMaxXmlBytes));
}

}  // namespace aloft::api::s3
