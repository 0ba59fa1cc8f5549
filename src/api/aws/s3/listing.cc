// ListObjectsV2, ListObjects, ListObjectVersions: one writer, and what differs beside it.
#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/headers.h"
#include "foundation/codec/time.h"
#include "foundation/codec/utf8.h"
#include "services/objects/contract/digests.h"

namespace aloft::api::s3 {
namespace {

// What the listings share: their parameters, and the way a key is written.
struct Listing {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::size_t max_keys = 1000;
  bool encode = false;  // encoding-type=url
  bool with_owner = true;
  bool with_restore = false;  // x-amz-optional-object-attributes

  // Keys can hold characters that XML cannot; encoded, they come through.
  std::string Written(std::string_view text) const {
    return encode ? codec::PercentEncode(text, true) : std::string(text);
  }
};

Result<Listing> ReadListing(const Call& call, const Target& target) {
  Listing listing;
  listing.bucket = target.bucket;
  listing.prefix = target.Get("prefix");
  listing.delimiter = target.Get("delimiter");
  ALOFT_ASSIGN(listing.max_keys, NumberParameter(target, "max-keys", 1000, 1000));
  if (const std::string* encoding = target.Find("encoding-type"); encoding != nullptr && !encoding->empty()) {
    if (*encoding != "url") return Fail(kInvalidArgument, "Invalid Encoding Method specified in Request");
    listing.encode = true;
  }
  for (const char* name : {"prefix", "delimiter", "marker", "start-after", "key-marker"})
    if (!codec::IsUtf8(target.Get(name))) return Fail(kInvalidArgument, "A parameter is not valid UTF-8");
  std::string_view optional = call.head().headers.Get("x-amz-optional-object-attributes");
  if (!optional.empty() && optional != "RestoreStatus")
    return Fail(kInvalidArgument, "Invalid attribute name specified");
  listing.with_restore = !optional.empty();
  return listing;
}

std::vector<Permission> ListPermission(const Context& context, const Call& call, const Target& target,
                                       const Listing& listing, const char* action) {
  identity::Context more;
  if (const std::string* prefix = target.Find("prefix")) more["s3:prefix"] = {*prefix};
  if (const std::string* delimiter = target.Find("delimiter")) more["s3:delimiter"] = {*delimiter};
  more["s3:max-keys"] = {std::to_string(listing.max_keys)};
  return {Need(context, call, action, target.BucketArn(), std::move(more))};
}

objects::ListRequest RequestOf(const Listing& listing) {
  objects::ListRequest request;
  request.bucket = listing.bucket;
  request.prefix = listing.prefix;
  request.delimiter = listing.delimiter;
  request.max_keys = listing.max_keys;
  return request;
}

// What follows the key and version of a line of any listing.
void WriteObject(codec::XmlWriter& xml, const Listing& listing, const objects::ObjectInfo& info,
                 const std::string& owner) {
  xml.Element("LastModified", codec::FormatIso8601Millis(info.modified));
  if (!info.is_delete_marker) {
    xml.Element("ETag", Quoted(info.etag));
    if (info.checksum.algorithm != objects::ChecksumAlgorithm::kNone) {
      xml.Element("ChecksumAlgorithm", objects::ToString(info.checksum.algorithm));
      xml.Element("ChecksumType", ChecksumTypeName(info.checksum.type));
    }
    xml.Element("Size", info.size);
  }
  if (listing.with_owner) xml.Open("Owner").Element("ID", owner).Close();
  if (info.is_delete_marker) return;
  xml.Element("StorageClass",
              info.attributes.storage_class.empty() ? "STANDARD" : info.attributes.storage_class.c_str());
  if (!listing.with_restore || (!info.restore.ongoing && info.restore.expires == Time{})) return;
  xml.Open("RestoreStatus").Element("IsRestoreInProgress", info.restore.ongoing);
  if (info.restore.expires != Time{})
    xml.Element("RestoreExpiryDate", codec::FormatIso8601Millis(info.restore.expires));
  xml.Close();
}

void WriteHead(codec::XmlWriter& xml, const Listing& listing, bool truncated) {
  xml.Element("Name", listing.bucket).Element("Prefix", listing.Written(listing.prefix));
  if (!listing.delimiter.empty()) xml.Element("Delimiter", listing.Written(listing.delimiter));
  xml.Element("MaxKeys", listing.max_keys);
  if (listing.encode) xml.Element("EncodingType", "url");
  xml.Element("IsTruncated", truncated);
}

void WritePrefixes(codec::XmlWriter& xml, const Listing& listing, const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes) xml.Open("CommonPrefixes").Element("Prefix", listing.Written(prefix)).Close();
}

// Runs a listing of objects; `paging` writes what this listing says of its pages.
using Paging = std::function<void(codec::XmlWriter&, const objects::ListPage&)>;
Work ListWork(const Context& context, Listing listing, objects::ListRequest request, Paging paging) {
  return [&context, listing = std::move(listing), request = std::move(request), paging = std::move(paging)](
             const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId account, OwnerOf(context, c, listing.bucket));
    ALOFT_ASSIGN(auto page, context.dependencies.objects.ListObjects(account, request));
    std::string owner = CanonicalUserId(account);
    std::string body;
    body.reserve(512 + page.objects.size() * 300);
    codec::XmlWriter xml(body);
    xml.Open("ListBucketResult", kNamespace);
    WriteHead(xml, listing, page.truncated);
    paging(xml, page);
    for (const auto& object : page.objects) {
      xml.Open("Contents").Element("Key", listing.Written(object.key));
      WriteObject(xml, listing, object, owner);
      xml.Close();
    }
    WritePrefixes(xml, listing, page.common_prefixes);
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
}

Result<Plan> PlanV2(const Context& context, const Call& call, Target target) {
  ALOFT_ASSIGN(Listing listing, ReadListing(call, target));
  listing.with_owner = target.Get("fetch-owner") == "true";
  objects::ListRequest request = RequestOf(listing);
  request.start_after = target.Get("start-after");
  if (const std::string* token = target.Find("continuation-token")) {
    if (token->empty()) return Fail(kInvalidArgument, "The continuation token provided is incorrect");
    request.continuation_token = *token;
  }
  Plan plan;
  plan.permissions = ListPermission(context, call, target, listing, "s3:ListBucket");
  plan.work = ListWork(context, listing, request,
                       [listing, after = request.start_after, token = request.continuation_token](
                           codec::XmlWriter& xml, const objects::ListPage& page) {
                         xml.Element("KeyCount", page.objects.size() + page.common_prefixes.size());
                         if (!after.empty()) xml.Element("StartAfter", listing.Written(after));
                         if (!token.empty()) xml.Element("ContinuationToken", token);
                         if (page.truncated) xml.Element("NextContinuationToken", page.next_token);
                       });
  return plan;
}

Result<Plan> PlanV1(const Context& context, const Call& call, Target target) {
  ALOFT_ASSIGN(Listing listing, ReadListing(call, target));
  objects::ListRequest request = RequestOf(listing);
  request.start_after = target.Get("marker");
  Plan plan;
  plan.permissions = ListPermission(context, call, target, listing, "s3:ListBucket");
  plan.work = ListWork(context, listing, request,
                       [listing, marker = request.start_after](codec::XmlWriter& xml, const objects::ListPage& page) {
                         xml.Element("Marker", listing.Written(marker));
                         // Without a delimiter the next marker is the last key, and S3 leaves it to the client.
                         if (page.truncated && !listing.delimiter.empty())
                           xml.Element("NextMarker", listing.Written(page.next_marker));
                       });
  return plan;
}

Result<Plan> PlanVersions(const Context& context, const Call& call, Target target) {
  ALOFT_ASSIGN(Listing listing, ReadListing(call, target));
  objects::ListVersionsRequest request;
  request.bucket = listing.bucket;
  request.prefix = listing.prefix;
  request.delimiter = listing.delimiter;
  request.max_keys = listing.max_keys;
  request.key_marker = target.Get("key-marker");
  request.version_id_marker = target.Get("version-id-marker");
  if (request.key_marker.empty() && !request.version_id_marker.empty())
    return Fail(kInvalidArgument, "A version-id marker cannot be specified without a key marker.");
  Plan plan;
  plan.permissions = ListPermission(context, call, target, listing, "s3:ListBucketVersions");
  plan.work = [&context, listing = std::move(listing), request = std::move(request)](
                  const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId account, OwnerOf(context, c, listing.bucket));
    ALOFT_ASSIGN(auto page, context.dependencies.objects.ListVersions(account, request));
    std::string owner = CanonicalUserId(account);
    std::string body;
    body.reserve(512 + page.versions.size() * 350);
    codec::XmlWriter xml(body);
    xml.Open("ListVersionsResult", kNamespace);
    WriteHead(xml, listing, page.truncated);
    xml.Element("KeyMarker", listing.Written(request.key_marker));
    xml.Element("VersionIdMarker", request.version_id_marker);
    if (page.truncated) {
      xml.Element("NextKeyMarker", listing.Written(page.next_key_marker));
      if (!page.next_version_id_marker.empty()) xml.Element("NextVersionIdMarker", page.next_version_id_marker);
    }
    for (const auto& version : page.versions) {
      xml.Open(version.is_delete_marker ? "DeleteMarker" : "Version").Element("Key", listing.Written(version.key));
      xml.Element("VersionId", version.version_id).Element("IsLatest", version.is_latest);
      WriteObject(xml, listing, version, owner);
      xml.Close();
    }
    WritePrefixes(xml, listing, page.common_prefixes);
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

}  // namespace

void AddListingRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "ListObjectsV2", PlanV2));
  rows.push_back(MakeRow(context, "ListObjects", PlanV1));
  rows.push_back(MakeRow(context, "ListObjectVersions", PlanVersions));
}

}  // namespace aloft::api::s3
