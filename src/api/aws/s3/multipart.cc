// Uploads in parts, but for the parts' bytes: those stream (put.cc) or are copied (copy.cc).
#include "api/aws/s3/acl_rules.h"
#include "api/aws/s3/key_use.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"
#include "foundation/codec/time.h"
#include "services/objects/contract/digests.h"

namespace aloft::api::s3 {
namespace {

using objects::ChecksumAlgorithm;
using objects::ChecksumType;

struct ChecksumChoice {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::kCrc64Nvme;
  ChecksumType type = ChecksumType::kFullObject;
  bool named = false;
};

Result<ChecksumChoice> ReadChecksumChoice(const http::Headers& headers) {
  ChecksumChoice choice;
  std::string_view name = headers.Get("x-amz-checksum-algorithm");
  std::string_view type = headers.Get("x-amz-checksum-type");
  if (!name.empty()) {
    auto algorithm = objects::ParseChecksumAlgorithm(name);
    if (!algorithm) return Fail(kInvalidRequest, "Checksum algorithm provided is unsupported. Please try again.");
    choice.algorithm = *algorithm;
    choice.named = true;
    if (*algorithm != ChecksumAlgorithm::kCrc64Nvme) choice.type = ChecksumType::kComposite;
  }
  if (type.empty()) return choice;
  if (!choice.named)
    return Fail(kInvalidRequest,
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
                "header.");
  if (type != "FULL_OBJECT" && type != "COMPOSITE")
    return Fail(kInvalidRequest, "Value for x-amz-checksum-type header is invalid.");
  choice.type = type == "COMPOSITE" ? ChecksumType::kComposite : ChecksumType::kFullObject;
  bool possible = choice.type == ChecksumType::kFullObject ? objects::IsCrc(choice.algorithm)
                                                           : choice.algorithm != ChecksumAlgorithm::kCrc64Nvme;
  if (!possible)
    return Fail(kInvalidRequest, "The " + std::string(type) + " checksum type cannot be used with the " +
                                     ToLower(objects::ToString(choice.algorithm)) + " checksum algorithm.");
  return choice;
}

Result<Plan> PlanCreate(const Context& context, const Call& call, Target target) {
  const auto& headers = call.head().headers;
  objects::PutRequest request{.bucket = target.bucket, .key = target.key};
  ALOFT_ASSIGN(request.attributes, ReadAttributes(headers));
  ALOFT_ASSIGN(request.lock, ReadLock(headers, call.received));
  ALOFT_TRY(ReadEncryption(call.head()));
  ALOFT_ASSIGN(ChecksumChoice choice, ReadChecksumChoice(headers));
  request.checksum = choice.algorithm;
  Plan plan;
  plan.permissions = NeedWrite(context, call, target);
  plan.work = [&context, request = std::move(request), choice](const Call& c,
                                                               const Authorized& asked) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, request.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(request.bucket));
    objects::PutRequest made = request;
    ALOFT_ASSIGN(made.attributes.acl, ObjectAclOf(*access, c.head().headers));
    ALOFT_ASSIGN(made.encryption, EncryptionOf(context, c, *access, request.key, AskOf(asked)));
    ALOFT_ASSIGN(auto upload, context.dependencies.objects.CreateUpload(owner, made, choice.type));
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("InitiateMultipartUploadResult", kNamespace).Element("Bucket", request.bucket);
    xml.Element("Key", request.key).Element("UploadId", upload.id.value()).Close();
    http::Response response = XmlAnswer(c, std::move(body));
    AddEncryption(response.headers, upload.encryption, c.head().headers);
    if (choice.named) {
      response.headers.Add("x-amz-checksum-algorithm", std::string(objects::ToString(choice.algorithm)));
      response.headers.Add("x-amz-checksum-type", std::string(ChecksumTypeName(choice.type)));
    }
    return response;
  };
  return plan;
}

Result<std::vector<objects::CompletedPart>> ReadParts(const codec::XmlElement& root) {
  auto malformed = [] {
    return Fail(kMalformedXml,
                "The XML you provided was not well-formed or did not validate against our published schema");
  };
  if (root.name != "CompleteMultipartUpload") return malformed();
  std::vector<objects::CompletedPart> parts;
  for (const auto& child : root.children) {
    if (child.name != "Part") continue;
    Target number;
    number.query = {{"PartNumber", std::string(child.ChildText("PartNumber"))}};
    auto parsed = NumberParameter(number, "PartNumber", 0, 100'000);
    if (!parsed.ok() || *parsed == 0 || child.Child("ETag") == nullptr) return malformed();
    objects::CompletedPart part{static_cast<int>(*parsed), std::string(Unquoted(Trim(child.ChildText("ETag")))), {}};
    for (auto algorithm : {ChecksumAlgorithm::kCrc32, ChecksumAlgorithm::kCrc32c, ChecksumAlgorithm::kCrc64Nvme,
                           ChecksumAlgorithm::kSha1, ChecksumAlgorithm::kSha256})
      if (auto text = child.ChildText(ChecksumElement(algorithm)); !text.empty()) part.checksum = text;
    parts.push_back(std::move(part));
  }
  if (parts.empty() || parts.size() > 10'000) return malformed();
  return parts;
}

Result<Plan> PlanComplete(const Context& context, const Call& call, Target target) {
  const auto& headers = call.head().headers;
  objects::CompleteRequest request{.bucket = target.bucket, .key = target.key};
  request.upload = objects::UploadId(target.Get("uploadId"));
  ALOFT_ASSIGN(codec::XmlElement root, codec::ParseXml(call.body));
  ALOFT_ASSIGN(request.parts, ReadParts(root));
  ALOFT_ASSIGN(request.condition, ReadWriteCondition(headers));
  for (auto algorithm : {ChecksumAlgorithm::kCrc32, ChecksumAlgorithm::kCrc32c, ChecksumAlgorithm::kCrc64Nvme,
                         ChecksumAlgorithm::kSha1, ChecksumAlgorithm::kSha256})
    if (auto text = headers.Get(ChecksumHeader(algorithm)); !text.empty()) request.checksum = text;
  if (std::string_view size = headers.Get("x-amz-mp-object-size"); !size.empty()) {
    std::uint64_t value = 0;
    for (char digit : size) {
      if (digit < '0' || digit > '9' || value > (1ull << 50))
        return Fail(kInvalidRequest, "Value for x-amz-mp-object-size header is invalid.");
      value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    request.object_size = value;
  }
  Plan plan;
  plan.permissions = {Need(context, call, "s3:PutObject", target.ObjectArn())};
  plan.work = [&context, target, request = std::move(request)](const Call& c,
                                                               const Authorized& asked) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, request.bucket));
    // An answer about a checksum is one about the bytes.
    if (!request.checksum.empty()) ALOFT_TRY(MayAddPart(context, c, asked, owner, target));
    ALOFT_ASSIGN(auto info, context.dependencies.objects.CompleteUpload(owner, request));
    std::string body;
    codec::XmlWriter xml(body);
    std::string scheme = c.head().tls ? "https://" : "http://";
    xml.Open("CompleteMultipartUploadResult", kNamespace);
    xml.Element("Location", scheme + std::string(c.head().headers.Get("host")) + "/" + request.bucket + "/" +
                                codec::PercentEncode(request.key));
    xml.Element("Bucket", request.bucket).Element("Key", request.key).Element("ETag", Quoted(info.etag));
    if (info.checksum.algorithm != ChecksumAlgorithm::kNone) {
      xml.Element(ChecksumElement(info.checksum.algorithm), info.checksum.value);
      xml.Element("ChecksumType", ChecksumTypeName(info.checksum.type));
    }
    xml.Close();
    http::Response response = XmlAnswer(c, std::move(body));
    AddVersion(response.headers, info);
    AddEncryption(response.headers, info.encryption, c.head().headers);
    AddExpiration(response.headers, context, request.bucket, info);
    return response;
  };
  return plan;
}

Result<Plan> PlanAbort(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:AbortMultipartUpload", target.ObjectArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.AbortUpload(owner, target.bucket, target.key,
                                                       objects::UploadId(target.Get("uploadId"))));
    return Answer(c, 204);
  };
  return plan;
}

void WriteOwners(codec::XmlWriter& xml, const AccountId& account) {
  std::string owner = CanonicalUserId(account);
  xml.Open("Initiator").Element("ID", owner).Close().Open("Owner").Element("ID", owner).Close();
}

Result<Plan> PlanListParts(const Context& context, const Call& call, Target target) {
  ALOFT_ASSIGN(std::size_t limit, NumberParameter(target, "max-parts", 1000, 1000));
  ALOFT_ASSIGN(std::size_t after, NumberParameter(target, "part-number-marker", 0, 100'000));
  Plan plan;
  plan.permissions = {Need(context, call, "s3:ListMultipartUploadParts", target.ObjectArn())};
  plan.work = [&context, target = std::move(target), limit, after](const Call& c,
                                                                   const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto page, context.dependencies.objects.ListParts(owner, target.bucket, target.key,
                                                                   objects::UploadId(target.Get("uploadId")),
                                                                   static_cast<int>(after), limit));
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("ListPartsResult", kNamespace).Element("Bucket", target.bucket).Element("Key", target.key);
    xml.Element("UploadId", page.upload.id.value());
    WriteOwners(xml, owner);
    xml.Element("StorageClass", page.upload.storage_class.empty() ? "STANDARD" : page.upload.storage_class.c_str());
    xml.Element("ChecksumAlgorithm", objects::ToString(page.upload.checksum));
    xml.Element("ChecksumType", ChecksumTypeName(page.upload.checksum_type));
    xml.Element("PartNumberMarker", after);
    if (!page.parts.empty()) xml.Element("NextPartNumberMarker", page.parts.back().number);
    xml.Element("MaxParts", limit).Element("IsTruncated", page.truncated);
    for (const auto& part : page.parts) {
      xml.Open("Part").Element("PartNumber", part.number);
      xml.Element("LastModified", codec::FormatIso8601Millis(part.modified)).Element("ETag", Quoted(part.etag));
      xml.Element("Size", part.size);
      if (part.checksum.algorithm != ChecksumAlgorithm::kNone)
        xml.Element(ChecksumElement(part.checksum.algorithm), part.checksum.value);
      xml.Close();
    }
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

Result<Plan> PlanListUploads(const Context& context, const Call& call, Target target) {
  objects::ListUploadsRequest request{.bucket = target.bucket};
  request.prefix = target.Get("prefix");
  request.delimiter = target.Get("delimiter");
  request.key_marker = target.Get("key-marker");
  request.upload_id_marker = target.Get("upload-id-marker");
  ALOFT_ASSIGN(request.max_uploads, NumberParameter(target, "max-uploads", 1000, 1000));
  std::string_view encoding = target.Get("encoding-type");
  if (!encoding.empty() && encoding != "url")
    return Fail(kInvalidArgument, "Invalid Encoding Method specified in Request");
  bool encode = !encoding.empty();
  Plan plan;
  plan.permissions = {Need(context, call, "s3:ListBucketMultipartUploads", target.BucketArn())};
  plan.work = [&context, request = std::move(request), encode](const Call& c,
                                                               const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, request.bucket));
    ALOFT_ASSIGN(auto page, context.dependencies.objects.ListUploads(owner, request));
    auto written = [&](const std::string& text) { return encode ? codec::PercentEncode(text, true) : text; };
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("ListMultipartUploadsResult", kNamespace).Element("Bucket", request.bucket);
    xml.Element("KeyMarker", written(request.key_marker)).Element("UploadIdMarker", request.upload_id_marker);
    xml.Element("NextKeyMarker", written(page.next_key_marker));
    xml.Element("NextUploadIdMarker", page.next_upload_id_marker);
    if (!request.prefix.empty()) xml.Element("Prefix", written(request.prefix));
    if (!request.delimiter.empty()) xml.Element("Delimiter", written(request.delimiter));
    if (encode) xml.Element("EncodingType", "url");
    xml.Element("MaxUploads", request.max_uploads).Element("IsTruncated", page.truncated);
    for (const auto& upload : page.uploads) {
      xml.Open("Upload").Element("Key", written(upload.key)).Element("UploadId", upload.id.value());
      WriteOwners(xml, owner);
      xml.Element("StorageClass", upload.storage_class.empty() ? "STANDARD" : upload.storage_class.c_str());
      xml.Element("Initiated", codec::FormatIso8601Millis(upload.initiated));
      xml.Element("ChecksumAlgorithm", objects::ToString(upload.checksum));
      xml.Element("ChecksumType", ChecksumTypeName(upload.checksum_type)).Close();
    }
    for (const auto& prefix : page.common_prefixes)
      xml.Open("CommonPrefixes").Element("Prefix", written(prefix)).Close();
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

}  // namespace

void AddMultipartRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "CreateMultipartUpload", PlanCreate));
  rows.push_back(MakeRow(context, "CompleteMultipartUpload", PlanComplete, kMaxXmlBytes));
  rows.push_back(MakeRow(context, "AbortMultipartUpload", PlanAbort));
  rows.push_back(MakeRow(context, "ListParts", PlanListParts));
  rows.push_back(MakeRow(context, "ListMultipartUploads", PlanListUploads));
}

}  // namespace aloft::api::s3
