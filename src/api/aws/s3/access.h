// Who may use a bucket, as its owner configured it: policy, public access block, ownership, access control list.
// Compiled once for each version of the bucket's record, and told to the gateway as facts.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/aws/s3_documents/acl.h"
#include "api/aws/s3_documents/bucket_policy.h"
#include "api/aws/s3_documents/cors.h"
#include "api/common/operation.h"
#include "services/lifecycle/types.h"
#include "services/objects/service.h"

namespace aloft::api::s3 {

enum class Ownership { kBucketOwnerEnforced, kBucketOwnerPreferred, kObjectWriter };

struct PublicAccessBlock {
  bool block_acls = true;
  bool ignore_acls = true;
  bool block_policy = true;
  bool restrict_buckets = true;
};

// What the settings of one version of a bucket say.
struct BucketAccess {
  objects::Bucket bucket;
  documents::BucketPolicy policy;  // null where there is none
  PublicAccessBlock block;
  Ownership ownership = Ownership::kBucketOwnerEnforced;
  documents::Acl acl;
  objects::EncryptionRequest encryption;  // of what is written without a wish
  std::vector<documents::CorsRule> cors;
  lifecycle::Configuration lifecycle;
};

// The compiled settings of many buckets. Thread-safe.
class AccessCache {
 public:
  explicit AccessCache(objects::Service& objects) : objects_(objects) {}

  // kNoSuchBucket. Reads the bucket's record; its settings only where that record changed.
  Result<std::shared_ptr<const BucketAccess>> Of(std::string_view bucket);

 private:
  struct Cached {
    std::uint64_t version = 0;
    std::shared_ptr<const BucketAccess> access;
  };
  Result<std::shared_ptr<const BucketAccess>> Compile(const objects::BucketLocation& location) const;

  objects::Service& objects_;
  std::mutex mutex_;
  std::map<std::string, Cached, std::less<>> cache_;
};

// Thread-safe.
class AccessFacts final : public FactSource {
 public:
  explicit AccessFacts(objects::Service& objects)
      : objects_(objects), compiled_(std::make_shared<AccessCache>(objects)) {}

  // The facts of one request, which looks at each bucket once: what was decided by is what is done by.
  std::shared_ptr<const AccessFacts> ForRequest() const;

  // kNoSuchBucket.
  Result<std::shared_ptr<const BucketAccess>> Of(std::string_view bucket) const;

  Result<identity::ResourceFacts> FactsOf(const Permission& permission, const identity::Session& caller) const override;

 private:
  AccessFacts(objects::Service& objects, std::shared_ptr<AccessCache> compiled)
      : objects_(objects), compiled_(std::move(compiled)), remembers_(true) {}
  // What the object itself adds where lists count: whom its own lets in.
  Status AddObjectList(const BucketAccess& access, const Permission& permission, std::string_view key,
                       const identity::Session& caller, identity::ResourceFacts& facts) const;

  objects::Service& objects_;
  const std::shared_ptr<AccessCache> compiled_;
  const bool remembers_ = false;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const BucketAccess>> seen_;  // by this request: its bucket, and a copy's source
};

// The names of settings: docs/formats/bucket-settings.md
inline constexpr std::string_view kPolicySetting = "policy";
inline constexpr std::string_view kPublicAccessSetting = "public-access-block";
inline constexpr std::string_view kOwnershipSetting = "ownership";
inline constexpr std::string_view kAclSetting = "acl";
inline constexpr std::string_view kCorsSetting = "cors";
inline constexpr std::string_view kEncryptionSetting = "encryption";
inline constexpr std::string_view kLifecycleSetting = "lifecycle";
inline constexpr std::string_view kRemoved = "<None/>";  // its owner took away what is there by default

// The context key that names the version an operation asks for.
inline constexpr std::string_view kVersionKey = "s3:versionid";

}  // namespace aloft::api::s3
