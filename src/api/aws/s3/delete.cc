// DeleteObject and DeleteObjects.
#include <charconv>

#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/headers.h"
#include "foundation/codec/time.h"
#include "services/objects/contract/policy.h"

namespace aloft::api::s3 {
namespace {

constexpr std::size_t kMaxKeys = 1000;

// What must hold of an object for its deletion, as headers or as elements of DeleteObjects say it. kInvalidArgument.
Status ReadConditions(std::string_view etag, std::string_view size, std::string_view modified,
                      objects::WriteCondition& condition) {
  condition.if_match = Unquoted(Trim(etag));
  if (!size.empty()) {
    std::uint64_t bytes = 0;
    auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), bytes);
    if (error != std::errc() || end != size.data() + size.size())
      return Fail(kInvalidArgument, "The size to match must be a number of bytes");
    condition.if_size = bytes;
  }
  if (!modified.empty()) {
    auto time = codec::ParseHttpDate(modified);
    if (!time) time = codec::ParseIso8601(modified);
    if (!time) return Fail(kInvalidArgument, "The time to match is not a time");
    condition.if_modified = std::chrono::floor<std::chrono::seconds>(*time);
  }
  return {};
}

// Removing a version is another right than hiding it, and removing a locked one a third.
std::vector<Permission> NeedDelete(const Context& context, const Call& call, const std::string& arn,
                                   std::string_view version) {
  identity::Context more;
  if (!version.empty()) more[std::string(kVersionKey)] = {std::string(version)};
  std::vector<Permission> needed = {
      Need(context, call, version.empty() ? "s3:DeleteObject" : "s3:DeleteObjectVersion", arn, more)};
  if (BypassesGovernance(call)) needed.push_back(Need(context, call, "s3:BypassGovernanceRetention", arn, more));
  return needed;
}

Result<Plan> PlanDelete(const Context& context, const Call& call, Target target) {
  const auto& headers = call.head().headers;
  // Whoever sets a condition wants less deleted, not more.
  if (headers.Has("if-none-match"))
    return Fail(kNotImplemented,
                "A header you provided implies functionality that is not implemented: If-None-Match of a deletion");
  objects::DeleteRequest request{.bucket = target.bucket, .key = target.key};
  request.version = target.Get("versionId");
  request.bypass_governance = BypassesGovernance(call);
  ALOFT_TRY(ReadConditions(headers.Get("if-match"), headers.Get("x-amz-if-match-size"),
                           headers.Get("x-amz-if-match-last-modified-time"), request.condition));
  Plan plan;
  plan.permissions = NeedDelete(context, call, target.ObjectArn(), request.version);
  plan.work = [&context, request = std::move(request)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, request.bucket));
    ALOFT_ASSIGN(auto deleted, context.dependencies.objects.DeleteObject(owner, request));
    http::Response response = Answer(c, 204);
    if (deleted.delete_marker) response.headers.Add("x-amz-delete-marker", "true");
    if (!deleted.version_id.empty()) response.headers.Add("x-amz-version-id", deleted.version_id);
    return response;
  };
  return plan;
}

Result<std::vector<objects::DeleteRequest>> ReadKeys(const codec::XmlElement& root, const Target& target, bool bypass) {
  if (root.name != "Delete") return documents::MalformedXml();
  std::vector<objects::DeleteRequest> doomed;
  for (const auto& child : root.children) {
    if (child.name != "Object") continue;
    if (child.ChildText("Key").empty() || doomed.size() == kMaxKeys) return documents::MalformedXml();
    objects::DeleteRequest request{.bucket = target.bucket, .key = std::string(child.ChildText("Key"))};
    request.version = child.ChildText("VersionId");
    request.bypass_governance = bypass;
    ALOFT_TRY(ReadConditions(child.ChildText("ETag"), child.ChildText("Size"), child.ChildText("LastModifiedTime"),
                             request.condition));
    doomed.push_back(std::move(request));
  }
  if (doomed.empty()) return documents::MalformedXml();
  return doomed;
}

// Deletes what is allowed; the others have their error in the same place.
std::vector<Result<objects::Deleted>> DeleteAllowed(const Context& context, const Call& call,
                                                    const Authorized& authorized, const AccountId& owner,
                                                    const Target& target,
                                                    const std::vector<objects::DeleteRequest>& doomed) {
  std::vector<Status> verdicts;
  std::vector<objects::DeleteRequest> allowed;
  for (const auto& request : doomed) {
    Status verdict;
    for (const auto& need : NeedDelete(context, call, target.BucketArn() + "/" + request.key, request.version))
      if (verdict.ok()) verdict = authorized.Check(need);
    if (verdict.ok()) verdict = objects::CheckKey(request.key, context.dependencies.objects.limits());
    if (verdict.ok()) allowed.push_back(request);
    verdicts.push_back(std::move(verdict));
  }
  auto done = context.dependencies.objects.DeleteMany(owner, allowed);
  std::vector<Result<objects::Deleted>> results;
  std::size_t next = 0;
  for (auto& verdict : verdicts) {
    if (verdict.ok())
      results.push_back(std::move(done[next++]));
    else
      results.push_back(std::move(verdict).error());
  }
  return results;
}

void WriteDeleted(codec::XmlWriter& xml, const objects::DeleteRequest& request, const objects::Deleted& deleted) {
  xml.Open("Deleted").Element("Key", request.key);
  if (!request.version.empty()) xml.Element("VersionId", request.version);
  if (deleted.delete_marker) xml.Element("DeleteMarker", true).Element("DeleteMarkerVersionId", deleted.version_id);
  xml.Close();
}

void WriteError(codec::XmlWriter& xml, const objects::DeleteRequest& request, const Error& error) {
  WireError wire = NameError(error);
  xml.Open("Error").Element("Key", request.key);
  if (!request.version.empty()) xml.Element("VersionId", request.version);
  xml.Element("Code", wire.code);
  xml.Element("Message", wire.status >= 500 ? std::string_view("We encountered an internal error. Please try again.")
                                            : std::string_view(error.message));
  xml.Close();
}

Result<Plan> PlanDeleteMany(const Context& context, const Call& call, Target target) {
  // A list of keys must not arrive damaged: S3 wants a digest of it, in the head.
  ALOFT_TRY(CheckBody(call, true));
  auto root = codec::ParseXml(call.body);
  if (!root.ok()) return documents::MalformedXml();
  ALOFT_ASSIGN(auto doomed, ReadKeys(*root, target, BypassesGovernance(call)));
  bool quiet = root->ChildText("Quiet") == "true";
  Plan plan;
  // Each key is asked about on its own: some may be refused and the others deleted.
  plan.work = [&context, target = std::move(target), doomed = std::move(doomed), quiet](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    auto results = DeleteAllowed(context, c, authorized, owner, target, doomed);
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("DeleteResult", kNamespace);
    for (std::size_t i = 0; i < doomed.size(); ++i) {
      if (!results[i].ok())
        WriteError(xml, doomed[i], results[i].error());
      else if (!quiet)
        WriteDeleted(xml, doomed[i], *results[i]);
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
