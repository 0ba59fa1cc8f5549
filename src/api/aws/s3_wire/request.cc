#include "api/aws/s3_wire/request.h"

#include "api/aws/s3_wire/errors.h"

namespace aloft::api::s3 {
namespace {

// A sub-resource in the query, and what each method on it is called. Null: there is no such operation.
struct SubResource {
  std::string_view name;
  const char* get;
  const char* put;
  const char* post;
  const char* remove;
};

constexpr SubResource kOfBucket[] = {
    {"location", "GetBucketLocation", nullptr, nullptr, nullptr},
    {"uploads", "ListMultipartUploads", nullptr, nullptr, nullptr},
    {"delete", nullptr, nullptr, "DeleteObjects", nullptr},
    {"versions", "ListObjectVersions", nullptr, nullptr, nullptr},
    {"versioning", "GetBucketVersioning", "PutBucketVersioning", nullptr, nullptr},
    {"policy", "GetBucketPolicy", "PutBucketPolicy", nullptr, "DeleteBucketPolicy"},
    {"policyStatus", "GetBucketPolicyStatus", nullptr, nullptr, nullptr},
    {"acl", "GetBucketAcl", "PutBucketAcl", nullptr, nullptr},
    {"tagging", "GetBucketTagging", "PutBucketTagging", nullptr, "DeleteBucketTagging"},
    {"lifecycle", "GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", nullptr,
     "DeleteBucketLifecycle"},
    {"cors", "GetBucketCors", "PutBucketCors", nullptr, "DeleteBucketCors"},
    {"encryption", "GetBucketEncryption", "PutBucketEncryption", nullptr, "DeleteBucketEncryption"},
    {"publicAccessBlock", "GetPublicAccessBlock", "PutPublicAccessBlock", nullptr, "DeletePublicAccessBlock"},
    {"ownershipControls", "GetBucketOwnershipControls", "PutBucketOwnershipControls", nullptr,
     "DeleteBucketOwnershipControls"},
    {"notification", "GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration", nullptr, nullptr},
    {"object-lock", "GetObjectLockConfiguration", "PutObjectLockConfiguration", nullptr, nullptr},
    {"replication", "GetBucketReplication", "PutBucketReplication", nullptr, "DeleteBucketReplication"},
    {"website", "GetBucketWebsite", "PutBucketWebsite", nullptr, "DeleteBucketWebsite"},
    {"logging", "GetBucketLogging", "PutBucketLogging", nullptr, nullptr},
    {"requestPayment", "GetBucketRequestPayment", "PutBucketRequestPayment", nullptr, nullptr},
    {"accelerate", "GetBucketAccelerateConfiguration", "PutBucketAccelerateConfiguration", nullptr, nullptr},
    {"analytics", "ListBucketAnalyticsConfigurations", "PutBucketAnalyticsConfiguration", nullptr,
     "DeleteBucketAnalyticsConfiguration"},
    {"inventory", "ListBucketInventoryConfigurations", "PutBucketInventoryConfiguration", nullptr,
     "DeleteBucketInventoryConfiguration"},
    {"metrics", "ListBucketMetricsConfigurations", "PutBucketMetricsConfiguration", nullptr,
     "DeleteBucketMetricsConfiguration"},
    {"intelligent-tiering", "ListBucketIntelligentTieringConfigurations", "PutBucketIntelligentTieringConfiguration",
     nullptr, "DeleteBucketIntelligentTieringConfiguration"},
    {"metadataTable", "GetBucketMetadataTableConfiguration", nullptr, "CreateBucketMetadataTableConfiguration",
     "DeleteBucketMetadataTableConfiguration"},
    {"metadataConfiguration", "GetBucketMetadataConfiguration", nullptr, "CreateBucketMetadataConfiguration",
     "DeleteBucketMetadataConfiguration"},
    {"metadataInventoryTable", nullptr, "UpdateBucketMetadataInventoryTableConfiguration", nullptr, nullptr},
    {"metadataJournalTable", nullptr, "UpdateBucketMetadataJournalTableConfiguration", nullptr, nullptr},
    {"metadataAnnotationTable", nullptr, "UpdateBucketMetadataAnnotationTableConfiguration", nullptr, nullptr},
    {"abac", "GetBucketAbac", "PutBucketAbac", nullptr, nullptr},
    {"session", "CreateSession", nullptr, nullptr, nullptr},
};

constexpr SubResource kOfObject[] = {
    {"uploads", nullptr, nullptr, "CreateMultipartUpload", nullptr},
    {"uploadId", "ListParts", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"},
    {"attributes", "GetObjectAttributes", nullptr, nullptr, nullptr},
    {"tagging", "GetObjectTagging", "PutObjectTagging", nullptr, "DeleteObjectTagging"},
    {"acl", "GetObjectAcl", "PutObjectAcl", nullptr, nullptr},
    {"retention", "GetObjectRetention", "PutObjectRetention", nullptr, nullptr},
    {"legal-hold", "GetObjectLegalHold", "PutObjectLegalHold", nullptr, nullptr},
    {"torrent", "GetObjectTorrent", nullptr, nullptr, nullptr},
    {"restore", nullptr, nullptr, "RestoreObject", nullptr},
    {"select", nullptr, nullptr, "SelectObjectContent", nullptr},
    {"renameObject", nullptr, "RenameObject", nullptr, nullptr},
    {"encryption", nullptr, "UpdateObjectEncryption", nullptr, nullptr},
    {"annotation", "GetObjectAnnotation", "PutObjectAnnotation", nullptr, "DeleteObjectAnnotation"},
};

Error NoMethod() {
  return Fail(kMethodNotAllowed, "The specified method is not allowed against this resource.");
}

Result<std::string_view> Named(const char* name) {
  if (name == nullptr) return NoMethod();
  return std::string_view(name);
}

// With an id these are one configuration, without they are the list of all.
constexpr SubResource kNumbered[] = {
    {"analytics", "GetBucketAnalyticsConfiguration", nullptr, nullptr, nullptr},
    {"inventory", "GetBucketInventoryConfiguration", nullptr, nullptr, nullptr},
    {"metrics", "GetBucketMetricsConfiguration", nullptr, nullptr, nullptr},
    {"intelligent-tiering", "GetBucketIntelligentTieringConfiguration", nullptr, nullptr, nullptr},
};

Result<std::string_view> OfSubResource(const SubResource& resource, std::string_view method) {
  if (method == "GET" || method == "HEAD") return Named(resource.get);
  if (method == "PUT") return Named(resource.put);
  if (method == "POST") return Named(resource.post);
  if (method == "DELETE") return Named(resource.remove);
  return NoMethod();
}

// A parameter without a value is a sub-resource. What S3 may do to one that is not known here must not happen to the
// whole bucket or object. What begins with "x-" is the caller's own remark.
Status CheckWhole(const Target& target, std::string_view method) {
  if (method == "GET" || method == "HEAD") return {};
  for (const auto& [name, value] : target.query)
    if (!name.empty() && value.empty() && name != "versionId" && !ToLower(name).starts_with("x-"))
      return Fail(kNotImplemented, "A query you provided asks for " + name + ", which is not built in this Aloft.");
  return {};
}

}  // namespace

std::string_view BucketOfHost(std::string_view host, std::string_view domain) {
  host =
      host.substr(0, host.rfind(':') == std::string_view::npos || host.ends_with(']') ? host.size() : host.rfind(':'));
  if (domain.empty() || host.size() <= domain.size() + 1) return {};
  std::string_view bucket = host.substr(0, host.size() - domain.size() - 1);
  if (!EqualsIgnoreCase(host.substr(bucket.size() + 1), domain) || host[bucket.size()] != '.') return {};
  return bucket;
}

Result<Target> ParseTarget(const http::RequestHead& head, std::string_view domain) {
  Target target;
  auto query = codec::ParseQuery(head.query());
  if (!query) return Fail(kInvalidUri, "Couldn't parse the specified URI.");
  target.query = std::move(*query);
  std::string_view path = head.path();
  if (!path.starts_with('/')) return Fail(kInvalidUri, "Couldn't parse the specified URI.");
  path.remove_prefix(1);
  target.bucket = BucketOfHost(head.headers.Get("host"), domain);
  if (target.bucket.empty()) {
    auto slash = path.find('/');
    auto bucket = codec::PercentDecode(path.substr(0, slash));
    if (!bucket) return Fail(kInvalidUri, "Couldn't parse the specified URI.");
    target.bucket = std::move(*bucket);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (target.bucket.empty() && slash != std::string_view::npos)
      return Fail(kInvalidUri, "Couldn't parse the specified URI.");
  }
  auto key = codec::PercentDecode(path);
  if (!key) return Fail(kInvalidUri, "Couldn't parse the specified URI.");
  target.key = std::move(*key);
  return target;
}

Result<std::string_view> NameOperation(const http::RequestHead& head, const Target& target) {
  std::string_view method = head.method;
  if (target.bucket.empty()) {
    if (method == "GET") return std::string_view("ListBuckets");
    return NoMethod();
  }
  // A preflight asks about the address, whatever the query.
  if (method == "OPTIONS") return std::string_view("CorsPreflight");
  if (target.key.empty()) {
    if (method == "GET" && target.Has("id"))
      for (const auto& resource : kNumbered)
        if (target.Has(resource.name)) return Named(resource.get);
    for (const auto& resource : kOfBucket)
      if (target.Has(resource.name)) return OfSubResource(resource, method);
    if (method == "GET") {
      const std::string_view type = target.Get("list-type");
      if (!type.empty() && type != "1" && type != "2")
        return Fail(kInvalidArgument, "Invalid List Type specified in Request");
      return std::string_view(type == "2" ? "ListObjectsV2" : "ListObjects");
    }
    ALOFT_TRY(CheckWhole(target, method));
    if (method == "HEAD") return std::string_view("HeadBucket");
    if (method == "PUT") return std::string_view("CreateBucket");
    if (method == "DELETE") return std::string_view("DeleteBucket");
    if (method == "POST") return std::string_view("PostObject");
    return NoMethod();
  }
  bool copy = head.headers.Has("x-amz-copy-source");
  for (const auto& resource : kOfObject) {
    if (!target.Has(resource.name)) continue;
    if (resource.name == "uploadId" && method == "PUT" && copy) return std::string_view("UploadPartCopy");
    return OfSubResource(resource, method);
  }
  ALOFT_TRY(CheckWhole(target, method));
  // Half of UploadPart must not replace the whole object, nor a new version an old one.
  if (method == "PUT" && target.Has("partNumber"))
    return Fail(kInvalidArgument, "This operation does not accept a part number without an upload id.");
  if (method == "PUT" && target.Has("versionId"))
    return Fail(kInvalidArgument, "This operation does not accept a version-id.");
  if (method == "GET") return std::string_view("GetObject");
  if (method == "HEAD") return std::string_view("HeadObject");
  if (method == "PUT") return std::string_view(copy ? "CopyObject" : "PutObject");
  if (method == "DELETE") return std::string_view("DeleteObject");
  return NoMethod();
}

std::string_view SignedService(const http::RequestHead& head, const codec::Query& query) {
  std::string_view scope;
  std::string_view authorization = head.headers.Get("authorization");
  if (auto at = authorization.find("Credential="); at != std::string_view::npos) {
    scope = authorization.substr(at + 11);
    scope = scope.substr(0, scope.find_first_of(", "));
  } else if (const std::string* credential = codec::Find(query, "X-Amz-Credential")) {
    scope = *credential;
  }
  // <key>/<date>/<region>/<service>/aws4_request
  auto parts = Split(scope, '/');
  return parts.size() < 5 ? std::string_view() : parts[parts.size() - 2];
}

}  // namespace aloft::api::s3
