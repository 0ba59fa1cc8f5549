// CopyObject and UploadPartCopy.
#include "api/aws/s3/copy.h"

#include "api/aws/s3/headers.h"
#include "api/aws/s3/range.h"
#include "foundation/codec/time.h"
#include "services/objects/digests.h"
#include "services/objects/policy.h"

namespace aloft::api::s3 {

Result<CopySource> ReadCopySource(const Context& context, const http::Headers& headers) {
  std::string_view header = headers.Get("x-amz-copy-source");
  auto fail = [] {
    return Fail(kInvalidArgument, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  };
  if (auto question = header.rfind("?versionId="); question != std::string_view::npos) {
    if (header.substr(question + 11) != "null") return Fail(kNoSuchVersion, "The specified version does not exist.");
    header = header.substr(0, question);
  }
  auto decoded = codec::PercentDecode(header);
  if (!decoded) return fail();
  std::string_view path = *decoded;
  if (path.starts_with('/')) path.remove_prefix(1);
  auto slash = path.find('/');
  if (slash == std::string_view::npos || slash + 1 == path.size()) return fail();
  CopySource source{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
  ALOFT_TRY(objects::CheckBucketName(source.bucket));
  ALOFT_TRY(objects::CheckKey(source.key, context.dependencies.objects.limits()));
  return source;
}

objects::Service::SourceCheck SourceConditions(const Call& call) {
  return [&call](const objects::ObjectInfo& info) -> Status {
    if (CheckReadConditions(call.head().headers, info, "x-amz-copy-source-") == ReadVerdict::kGo) return {};
    return Fail(kPreconditionFailed, "At least one of the pre-conditions you specified did not hold");
  };
}

Error MissingSource(const Authorized& authorized, const CopySource& source, const Error& error) {
  if (!(error.reason == objects::kNoSuchKey) ||
      authorized.Allows({"s3:ListBucket", "arn:aws:s3:::" + source.bucket, {}}))
    return error;
  return Fail(kAccessDenied, "Access Denied");
}

namespace {

// COPY, REPLACE or nothing.
Result<bool> ReadDirective(const http::Headers& headers, std::string_view name) {
  std::string_view directive = headers.Get(name);
  if (directive.empty() || directive == "COPY") return false;
  if (directive == "REPLACE") return true;
  return Fail(kInvalidArgument, directive.empty() ? "" : "Unknown " + std::string(name));
}

void WriteResult(codec::XmlWriter& xml, std::string_view root, Time modified, std::string_view etag,
                 const objects::Checksum& checksum, bool with_type) {
  xml.Open(root, kNamespace).Element("LastModified", codec::FormatIso8601Millis(modified));
  xml.Element("ETag", Quoted(etag));
  if (checksum.algorithm != objects::ChecksumAlgorithm::kNone) {
    xml.Element(ChecksumElement(checksum.algorithm), checksum.value);
    if (with_type) xml.Element("ChecksumType", ChecksumTypeName(checksum.type));
  }
  xml.Close();
}

Result<Plan> PlanCopy(const Context& context, const Call& call, Target target) {
  const auto& headers = call.head().headers;
  ALOFT_ASSIGN(CopySource source, ReadCopySource(context, headers));
  objects::CopyRequest request{.source_bucket = source.bucket, .source_key = source.key};
  request.target.bucket = target.bucket;
  request.target.key = target.key;
  ALOFT_ASSIGN(request.target.attributes, ReadAttributes(headers));
  ALOFT_ASSIGN(request.target.condition, ReadWriteCondition(headers));
  ALOFT_ASSIGN(request.replace_attributes, ReadDirective(headers, "x-amz-metadata-directive"));
  ALOFT_ASSIGN(request.replace_tags, ReadDirective(headers, "x-amz-tagging-directive"));
  if (std::string_view name = headers.Get("x-amz-checksum-algorithm"); !name.empty()) {
    auto algorithm = objects::ParseChecksumAlgorithm(name);
    if (!algorithm) return Fail(kInvalidRequest, "Checksum algorithm provided is unsupported. Please try again.");
    request.target.checksum = *algorithm;
    request.keep_checksum = false;
  }
  bool same = source.bucket == target.bucket && source.key == target.key;
  bool changed = request.replace_attributes || request.replace_tags || headers.Has("x-amz-storage-class") ||
                 headers.Has("x-amz-server-side-encryption") || !request.keep_checksum;
  if (same && !changed)
    return Fail(kInvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the "
                "object's metadata, storage class, website redirect location or encryption attributes.");
  Plan plan;
  plan.permissions = {{"s3:GetObject", source.ObjectArn(), {}}, {"s3:PutObject", target.ObjectArn(), {}}};
  if (request.replace_tags && !request.target.attributes.tags.empty())
    plan.permissions.push_back({"s3:PutObjectTagging", target.ObjectArn(), {}});
  plan.work = [&context, source = std::move(source), request = std::move(request)](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_TRY(CheckExpectedOwner(context, c, request.target.bucket));
    ALOFT_TRY(CheckExpectedOwner(context, c, source.bucket, "x-amz-source-expected-bucket-owner"));
    auto info = context.dependencies.objects.CopyObject(c.session.account, request, SourceConditions(c));
    if (!info.ok()) return MissingSource(authorized, source, info.error());
    std::string body;
    codec::XmlWriter xml(body);
    WriteResult(xml, "CopyObjectResult", info->modified, info->etag, info->checksum, true);
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

Result<Plan> PlanPartCopy(const Context& context, const Call& call, Target target) {
  const auto& headers = call.head().headers;
  ALOFT_TRY(RefuseUnsupported(headers));
  ALOFT_ASSIGN(CopySource source, ReadCopySource(context, headers));
  std::optional<objects::Service::ByteRange> range;
  if (std::string_view header = headers.Get("x-amz-copy-source-range"); !header.empty()) {
    ALOFT_ASSIGN(ByteRange bytes, ParseCopyRange(header));
    range = objects::Service::ByteRange{bytes.offset, bytes.length};
  }
  objects::PartRequest request{.bucket = target.bucket, .key = target.key};
  request.upload = objects::UploadId(target.Get("uploadId"));
  ALOFT_ASSIGN(std::size_t number, NumberParameter(target, "partNumber", 0, 100'000));
  request.number = static_cast<int>(number);
  Plan plan;
  plan.permissions = {{"s3:GetObject", source.ObjectArn(), {}}, {"s3:PutObject", target.ObjectArn(), {}}};
  plan.work = [&context, source = std::move(source), request = std::move(request), range](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_TRY(CheckExpectedOwner(context, c, request.bucket));
    ALOFT_TRY(CheckExpectedOwner(context, c, source.bucket, "x-amz-source-expected-bucket-owner"));
    auto part = context.dependencies.objects.CopyPart(c.session.account, request, source.bucket, source.key, range,
                                                      SourceConditions(c));
    if (!part.ok()) return MissingSource(authorized, source, part.error());
    std::string body;
    codec::XmlWriter xml(body);
    WriteResult(xml, "CopyPartResult", part->modified, part->etag, part->checksum, false);
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

}  // namespace

void AddCopyRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "CopyObject", PlanCopy));
  rows.push_back(MakeRow(context, "UploadPartCopy", PlanPartCopy));
}

}  // namespace aloft::api::s3
