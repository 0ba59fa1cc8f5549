// CopyObject and UploadPartCopy.
#include "api/aws/s3/acl_rules.h"
#include "api/aws/s3/key_use.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"
#include "api/aws/s3_wire/range.h"
#include "foundation/codec/time.h"
#include "services/objects/contract/digests.h"
#include "services/objects/contract/policy.h"

namespace aloft::api::s3 {
namespace {

struct CopySource {
  std::string bucket;
  std::string key;
  std::string version;       // empty: the latest
  std::string customer_key;  // 32 bytes, of a source whose writer brought its key
  std::string ObjectArn() const { return "arn:aws:s3:::" + bucket + "/" + key; }
};

// "bucket/key" or "/bucket/key", percent-encoded, perhaps with ?versionId=...
Result<CopySource> ReadCopySource(const Context& context, const http::RequestHead& head) {
  std::string_view header = head.headers.Get("x-amz-copy-source");
  std::string version;
  auto fail = [] {
    return Fail(kInvalidArgument, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  };
  if (auto question = header.rfind("?versionId="); question != std::string_view::npos) {
    version = header.substr(question + 11);
    header = header.substr(0, question);
  }
  auto decoded = codec::PercentDecode(header);
  if (!decoded) return fail();
  std::string_view path = *decoded;
  if (path.starts_with('/')) path.remove_prefix(1);
  auto slash = path.find('/');
  if (slash == std::string_view::npos || slash + 1 == path.size()) return fail();
  CopySource source{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1)), std::move(version), {}};
  ALOFT_ASSIGN(source.customer_key, ReadCustomerKey(head, "x-amz-copy-source-"));
  ALOFT_TRY(objects::CheckBucketName(source.bucket));
  ALOFT_TRY(objects::CheckKey(source.key, context.dependencies.objects.limits()));
  return source;
}

// The source as it is copied: its version is told, its conditions hold, its key may be used.
objects::Service::SourceCheck CheckSource(const Context& context, const Call& call, const Authorized& authorized,
                                          const CopySource& source, std::string& version) {
  return [&](const objects::ObjectInfo& info) -> Status {
    version = info.version_id;
    if (CheckReadConditions(call.head().headers, info, "x-amz-copy-source-") != ReadVerdict::kGo)
      return Fail(kPreconditionFailed, "At least one of the pre-conditions you specified did not hold");
    return MayDecrypt(context, call, source.bucket, source.key, info.encryption, AskOf(authorized));
  };
}

Error NoSource(const Context& context, const Call& call, const Authorized& authorized, const CopySource& source,
               const Error& error) {
  if (error.reason == objects::kDeleteMarkerVersion)
    return Fail(kInvalidRequest,
                "The source of a copy request may not specifically refer to a delete marker by version id.");
  return Missing(context, call, authorized, source.bucket, error);
}

Permission NeedSource(const Context& context, const Call& call, const CopySource& source) {
  identity::Context more;
  if (!source.version.empty()) more[std::string(kVersionKey)] = {source.version};
  return Need(context, call, source.version.empty() ? "s3:GetObject" : "s3:GetObjectVersion", source.ObjectArn(),
              std::move(more));
}

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
  ALOFT_ASSIGN(CopySource source, ReadCopySource(context, call.head()));
  objects::CopyRequest request{.source_bucket = source.bucket, .source_key = source.key};
  request.source_version = source.version;
  request.source_customer_key = source.customer_key;
  request.target.bucket = target.bucket;
  request.target.key = target.key;
  ALOFT_ASSIGN(request.target.attributes, ReadAttributes(headers));
  ALOFT_ASSIGN(request.target.condition, ReadWriteCondition(headers));
  ALOFT_ASSIGN(request.target.lock, ReadLock(headers, call.received));
  ALOFT_TRY(ReadEncryption(call.head()));
  ALOFT_ASSIGN(request.replace_attributes, ReadDirective(headers, "x-amz-metadata-directive"));
  ALOFT_ASSIGN(request.replace_tags, ReadDirective(headers, "x-amz-tagging-directive"));
  if (std::string_view name = headers.Get("x-amz-checksum-algorithm"); !name.empty()) {
    auto algorithm = objects::ParseChecksumAlgorithm(name);
    if (!algorithm) return Fail(kInvalidRequest, "Checksum algorithm provided is unsupported. Please try again.");
    request.target.checksum = *algorithm;
    request.keep_checksum = false;
  }
  // Copying an older version onto itself brings it back.
  bool same = source.bucket == target.bucket && source.key == target.key && source.version.empty();
  bool changed = request.replace_attributes || request.replace_tags || headers.Has("x-amz-storage-class") ||
                 headers.Has("x-amz-server-side-encryption") ||
                 headers.Has("x-amz-server-side-encryption-customer-algorithm") || !request.keep_checksum;
  if (same && !changed)
    return Fail(kInvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the "
                "object's metadata, storage class, website redirect location or encryption attributes.");
  Plan plan;
  plan.permissions = NeedWrite(context, call, target);
  plan.permissions.push_back(NeedSource(context, call, source));
  plan.work = [&context, source = std::move(source), request = std::move(request)](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, request.target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(request.target.bucket));
    objects::CopyRequest made = request;
    ALOFT_ASSIGN(made.source_account, OwnerOf(context, c, source.bucket, "x-amz-source-expected-bucket-owner"));
    ALOFT_ASSIGN(made.target.attributes.acl, ObjectAclOf(*access, c.head().headers));
    ALOFT_ASSIGN(made.target.encryption, EncryptionOf(context, c, *access, request.target.key, AskOf(authorized)));
    std::string version;
    auto info =
        context.dependencies.objects.CopyObject(owner, made, CheckSource(context, c, authorized, source, version));
    if (!info.ok()) return NoSource(context, c, authorized, source, info.error());
    std::string body;
    codec::XmlWriter xml(body);
    WriteResult(xml, "CopyObjectResult", info->modified, info->etag, info->checksum, true);
    http::Response response = XmlAnswer(c, std::move(body));
    AddVersion(response.headers, *info);
    AddEncryption(response.headers, info->encryption, c.head().headers);
    AddExpiration(response.headers, context, made.target.bucket, *info);
    if (!version.empty()) response.headers.Add("x-amz-copy-source-version-id", version);
    return response;
  };
  return plan;
}

Result<Plan> PlanPartCopy(const Context& context, const Call& call, Target target) {
  const auto& headers = call.head().headers;
  ALOFT_TRY(RefuseUnsupported(headers));
  ALOFT_ASSIGN(CopySource source, ReadCopySource(context, call.head()));
  std::optional<objects::CopyRange> range;
  if (std::string_view header = headers.Get("x-amz-copy-source-range"); !header.empty()) {
    ALOFT_ASSIGN(ByteRange bytes, ParseCopyRange(header));
    range = objects::CopyRange{bytes.offset, bytes.length};
  }
  objects::PartRequest request{.bucket = target.bucket, .key = target.key};
  request.upload = objects::UploadId(target.Get("uploadId"));
  ALOFT_ASSIGN(request.customer_key, ReadCustomerKey(call.head()));
  ALOFT_ASSIGN(std::size_t number, NumberParameter(target, "partNumber", 0, 100'000));
  request.number = static_cast<int>(number);
  Plan plan;
  plan.permissions = {NeedSource(context, call, source), Need(context, call, "s3:PutObject", target.ObjectArn())};
  plan.work = [&context, target, source = std::move(source), request = std::move(request), range](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, request.bucket));
    ALOFT_TRY(MayAddPart(context, c, authorized, owner, target));
    std::string version;
    objects::PartSource from{.bucket = source.bucket, .key = source.key, .range = range};
    ALOFT_ASSIGN(from.account, OwnerOf(context, c, source.bucket, "x-amz-source-expected-bucket-owner"));
    from.options.version = source.version;
    from.options.customer_key = source.customer_key;
    from.options.allow = CheckSource(context, c, authorized, source, version);
    auto part = context.dependencies.objects.CopyPart(owner, request, from);
    if (!part.ok()) return NoSource(context, c, authorized, source, part.error());
    std::string body;
    codec::XmlWriter xml(body);
    WriteResult(xml, "CopyPartResult", part->modified, part->etag, part->checksum, false);
    http::Response response = XmlAnswer(c, std::move(body));
    if (!version.empty()) response.headers.Add("x-amz-copy-source-version-id", version);
    return response;
  };
  return plan;
}

}  // namespace

void AddCopyRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "CopyObject", PlanCopy));
  rows.push_back(MakeRow(context, "UploadPartCopy", PlanPartCopy));
}

}  // namespace aloft::api::s3
