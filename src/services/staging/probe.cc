#include "services/staging/probe.h"

namespace aloft::staging {
namespace {

Error NoObjects(std::string_view uri) {
  return Fail(kNoObjects, "No S3 objects found under S3 URL \"" + std::string(uri) +
                              "\" given in input data source. Please ensure that the bucket exists in the selected "
                              "region, that objects exist under that S3 prefix, and that the role has permission to "
                              "read them.");
}

Error Denied(const std::string& role_arn, std::string_view action, std::string_view uri, const std::string& why) {
  return Fail(kInputDenied,
              "The role " + role_arn + " may not use " + std::string(action) + " for \"" + std::string(uri) +
                  "\": AccessDenied. Add the permission to a policy of the role.",
              why);
}

bool IsAbsent(const Error& error) {
  return error.reason == objects::kNoSuchBucket || error.reason == objects::kNoSuchKey ||
         error.reason == objects::kForeignBucket || error.reason == objects::kInvalidBucketName ||
         error.reason == objects::kInvalidKey;
}

}  // namespace

Result<S3Uri> ParseS3Uri(std::string_view uri) {
  if (!uri.starts_with("s3://"))
    return Fail(kBadS3Uri, "\"" + std::string(uri) + "\" is not an S3 URI (s3://bucket/prefix).");
  std::string_view rest = uri.substr(5);
  std::size_t slash = rest.find('/');
  S3Uri parsed{std::string(rest.substr(0, slash)), {}};
  if (slash != std::string_view::npos) parsed.key = std::string(rest.substr(slash + 1));
  if (parsed.bucket.empty()) return Fail(kBadS3Uri, "\"" + std::string(uri) + "\" names no bucket.");
  return parsed;
}

Status InputProbe::CheckPrefix(const AccountId& account, const std::string& role_arn, std::string_view uri) const {
  ALOFT_ASSIGN(S3Uri parsed, ParseS3Uri(uri));
  ALOFT_ASSIGN(identity::Session session, identity_.SessionForRole(role_arn, "SageMaker"));
  std::string bucket_arn = "arn:aws:s3:::" + parsed.bucket;
  identity::Decision list = identity_.Authorize(session, "s3:ListBucket", bucket_arn, {{"s3:prefix", {parsed.key}}});
  if (!list.allowed) return Denied(role_arn, "s3:ListBucket", uri, list.why);
  objects::ListRequest request;
  request.bucket = parsed.bucket;
  request.prefix = parsed.key;
  request.max_keys = 1;
  auto page = objects_.ListObjects(account, request);
  if (!page.ok() && IsAbsent(page.error())) return NoObjects(uri);
  if (!page.ok()) return std::move(page).error();
  if (page->objects.empty()) return NoObjects(uri);
  identity::Decision read = identity_.Authorize(session, "s3:GetObject", bucket_arn + "/" + page->objects[0].key, {});
  if (!read.allowed) return Denied(role_arn, "s3:GetObject", uri, read.why);
  return {};
}

Status InputProbe::CheckObject(const AccountId& account, const std::string& role_arn, std::string_view uri) const {
  ALOFT_ASSIGN(S3Uri parsed, ParseS3Uri(uri));
  ALOFT_ASSIGN(identity::Session session, identity_.SessionForRole(role_arn, "SageMaker"));
  identity::Decision read =
      identity_.Authorize(session, "s3:GetObject", "arn:aws:s3:::" + parsed.bucket + "/" + parsed.key, {});
  if (!read.allowed) return Denied(role_arn, "s3:GetObject", uri, read.why);
  auto found = objects_.HeadObject(account, parsed.bucket, parsed.key);
  if (!found.ok() && IsAbsent(found.error()))
    return Fail(kNoObjects, "Could not find the S3 object \"" + std::string(uri) + "\".");
  if (!found.ok()) return std::move(found).error();
  return {};
}

}  // namespace aloft::staging
