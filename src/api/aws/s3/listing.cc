// ListObjectsV2, ListObjects, ListObjectVersions.
#include "api/aws/s3/headers.h"
#include "api/aws/s3/operation.h"
#include "foundation/codec/time.h"
#include "foundation/codec/utf8.h"
#include "services/objects/digests.h"

namespace aloft::api::s3 {
namespace {

// What the three listings share: their parameters, and the way a key is written.
struct Listing {
  objects::ListRequest request;
  bool encode = false;  // encoding-type=url
  std::string bucket_arn;

  // Keys can hold characters that XML cannot; encoded, they come through.
  std::string Written(std::string_view text) const {
    return encode ? codec::PercentEncode(text, true) : std::string(text);
  }
};

Result<Listing> ReadListing(const Target& target) {
  Listing listing;
  listing.request.bucket = target.bucket;
  listing.request.prefix = target.Get("prefix");
  listing.request.delimiter = target.Get("delimiter");
  ALOFT_ASSIGN(listing.request.max_keys, NumberParameter(target, "max-keys", 1000, 1000));
  if (const std::string* encoding = target.Find("encoding-type"); encoding != nullptr && !encoding->empty()) {
    if (*encoding != "url") return Fail(kInvalidArgument, "Invalid Encoding Method specified in Request");
    listing.encode = true;
  }
  for (const char* name : {"prefix", "delimiter", "marker", "start-after", "key-marker"})
    if (!codec::IsUtf8(target.Get(name))) return Fail(kInvalidArgument, "A parameter is not valid UTF-8");
  return listing;
}

std::vector<Permission> ListPermission(const Target& target, const Listing& listing, const char* action) {
  identity::Context context;
  if (const std::string* prefix = target.Find("prefix")) context["s3:prefix"] = {*prefix};
  if (const std::string* delimiter = target.Find("delimiter")) context["s3:delimiter"] = {*delimiter};
  context["s3:max-keys"] = {std::to_string(listing.request.max_keys)};
  return {{action, target.BucketArn(), std::move(context)}};
}

void WriteObject(codec::XmlWriter& xml, const Listing& listing, const objects::ObjectInfo& info,
                 const std::string& owner) {
  xml.Element("Key", listing.Written(info.key));
  xml.Element("LastModified", codec::FormatIso8601Millis(info.modified));
  xml.Element("ETag", Quoted(info.etag));
  if (info.checksum.algorithm != objects::ChecksumAlgorithm::kNone) {
    xml.Element("ChecksumAlgorithm", objects::ToString(info.checksum.algorithm));
    xml.Element("ChecksumType", ChecksumTypeName(info.checksum.type));
  }
  xml.Element("Size", info.size);
  if (!owner.empty()) xml.Open("Owner").Element("ID", owner).Close();
  xml.Element("StorageClass",
              info.attributes.storage_class.empty() ? "STANDARD" : info.attributes.storage_class.c_str());
}

void WriteHead(codec::XmlWriter& xml, const Listing& listing, const objects::ListPage& page) {
  const auto& request = listing.request;
  xml.Element("Name", request.bucket).Element("Prefix", listing.Written(request.prefix));
  if (!request.delimiter.empty()) xml.Element("Delimiter", listing.Written(request.delimiter));
  xml.Element("MaxKeys", request.max_keys);
  if (listing.encode) xml.Element("EncodingType", "url");
  xml.Element("IsTruncated", page.truncated);
}

void WritePrefixes(codec::XmlWriter& xml, const Listing& listing, const objects::ListPage& page) {
  for (const auto& prefix : page.common_prefixes)
    xml.Open("CommonPrefixes").Element("Prefix", listing.Written(prefix)).Close();
}

// Runs the listing and hands the page to `write`.
using Write = std::function<void(codec::XmlWriter&, const Listing&, const objects::ListPage&, const Call&)>;
Work ListWork(const Context& context, Listing listing, Write write) {
  return [&context, listing = std::move(listing), write = std::move(write)](
             const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(CheckExpectedOwner(context, c, listing.request.bucket));
    ALOFT_ASSIGN(auto page, context.dependencies.objects.ListObjects(c.session.account, listing.request));
    std::string body;
    body.reserve(512 + page.objects.size() * 300);
    codec::XmlWriter xml(body);
    write(xml, listing, page, c);
    return XmlAnswer(c, std::move(body));
  };
}

Result<Plan> PlanV2(const Context& context, const Call&, Target target) {
  ALOFT_ASSIGN(Listing listing, ReadListing(target));
  listing.request.start_after = target.Get("start-after");
  if (const std::string* token = target.Find("continuation-token")) {
    if (token->empty()) return Fail(kInvalidArgument, "The continuation token provided is incorrect");
    listing.request.continuation_token = *token;
  }
  bool with_owner = target.Get("fetch-owner") == "true";
  Plan plan;
  plan.permissions = ListPermission(target, listing, "s3:ListBucket");
  plan.work = ListWork(
      context, std::move(listing),
      [with_owner](codec::XmlWriter& xml, const Listing& made, const objects::ListPage& page, const Call& call) {
        std::string owner = with_owner ? CanonicalUserId(call.session.account) : std::string();
        xml.Open("ListBucketResult", kNamespace);
        WriteHead(xml, made, page);
        xml.Element("KeyCount", page.objects.size() + page.common_prefixes.size());
        if (!made.request.start_after.empty()) xml.Element("StartAfter", made.Written(made.request.start_after));
        if (!made.request.continuation_token.empty()) xml.Element("ContinuationToken", made.request.continuation_token);
        if (page.truncated) xml.Element("NextContinuationToken", page.next_token);
        for (const auto& object : page.objects) {
          xml.Open("Contents");
          WriteObject(xml, made, object, owner);
          xml.Close();
        }
        WritePrefixes(xml, made, page);
        xml.Close();
      });
  return plan;
}

Result<Plan> PlanV1(const Context& context, const Call&, Target target) {
  ALOFT_ASSIGN(Listing listing, ReadListing(target));
  listing.request.start_after = target.Get("marker");
  Plan plan;
  plan.permissions = ListPermission(target, listing, "s3:ListBucket");
  plan.work = ListWork(context, std::move(listing),
                       [](codec::XmlWriter& xml, const Listing& made, const objects::ListPage& page, const Call& call) {
                         std::string owner = CanonicalUserId(call.session.account);
                         xml.Open("ListBucketResult", kNamespace);
                         WriteHead(xml, made, page);
                         xml.Element("Marker", made.Written(made.request.start_after));
                         // Without a delimiter the next marker is the last key, and S3 leaves it to the client.
                         if (page.truncated && !made.request.delimiter.empty())
                           xml.Element("NextMarker", made.Written(page.next_marker));
                         for (const auto& object : page.objects) {
                           xml.Open("Contents");
                           WriteObject(xml, made, object, owner);
                           xml.Close();
                         }
                         WritePrefixes(xml, made, page);
                         xml.Close();
                       });
  return plan;
}

// Without versioning each object is its only version, "null".
Result<Plan> PlanVersions(const Context& context, const Call&, Target target) {
  ALOFT_ASSIGN(Listing listing, ReadListing(target));
  listing.request.start_after = target.Get("key-marker");
  Plan plan;
  plan.permissions = ListPermission(target, listing, "s3:ListBucketVersions");
  plan.work = ListWork(context, std::move(listing),
                       [](codec::XmlWriter& xml, const Listing& made, const objects::ListPage& page, const Call& call) {
                         std::string owner = CanonicalUserId(call.session.account);
                         xml.Open("ListVersionsResult", kNamespace);
                         WriteHead(xml, made, page);
                         xml.Element("KeyMarker", made.Written(made.request.start_after));
                         xml.Element("VersionIdMarker", "");
                         if (page.truncated) {
                           xml.Element("NextKeyMarker", made.Written(page.next_marker));
                           xml.Element("NextVersionIdMarker", "null");
                         }
                         for (const auto& object : page.objects) {
                           xml.Open("Version").Element("VersionId", "null").Element("IsLatest", true);
                           WriteObject(xml, made, object, owner);
                           xml.Close();
                         }
                         WritePrefixes(xml, made, page);
                         xml.Close();
                       });
  return plan;
}

}  // namespace

void AddListingRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "ListObjectsV2", PlanV2));
  rows.push_back(MakeRow(context, "ListObjects", PlanV1));
  rows.push_back(MakeRow(context, "ListObjectVersions", PlanVersions));
}

}  // namespace aloft::api::s3
