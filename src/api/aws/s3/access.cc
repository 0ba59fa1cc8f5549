#include "api/aws/s3/access.h"

#include "api/aws/s3/operation.h"
#include "api/aws/s3_documents/schemas.h"

namespace aloft::api::s3 {
namespace {

constexpr std::size_t kMaxCached = 4096;
constexpr std::string_view kArnPrefix = "arn:aws:s3:::";

// Actions on an object that exists, whose tags and list may decide.
bool ReadsObject(std::string_view action) {
  static constexpr std::string_view kActions[] = {"s3:GetObject",           "s3:GetObjectVersion",
                                                  "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes",
                                                  "s3:GetObjectTagging",    "s3:GetObjectVersionTagging",
                                                  "s3:PutObjectTagging",    "s3:PutObjectVersionTagging",
                                                  "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging",
                                                  "s3:GetObjectAcl",        "s3:GetObjectVersionAcl",
                                                  "s3:PutObjectAcl",        "s3:PutObjectVersionAcl"};
  for (std::string_view known : kActions)
    if (action == known) return true;
  return false;
}

// The owner's root user can always mend a policy that locks everybody out.
bool MendsPolicy(const Permission& permission, const identity::Session& caller, const objects::Bucket& bucket) {
  return caller.kind == identity::PrincipalKind::kRoot && caller.account == bucket.account &&
         (permission.action == "s3:GetBucketPolicy" || permission.action == "s3:PutBucketPolicy" ||
          permission.action == "s3:DeleteBucketPolicy");
}

Result<PublicAccessBlock> ReadBlock(const std::string& document) {
  PublicAccessBlock block{false, false, false, false};
  if (document == kRemoved) return block;
  ALOFT_ASSIGN(auto root, documents::ReadXml(document, documents::kPublicAccessBlockSchema));
  block.block_acls = documents::XmlFlag(root, "BlockPublicAcls");
  block.ignore_acls = documents::XmlFlag(root, "IgnorePublicAcls");
  block.block_policy = documents::XmlFlag(root, "BlockPublicPolicy");
  block.restrict_buckets = documents::XmlFlag(root, "RestrictPublicBuckets");
  return block;
}

Result<Ownership> ReadOwnership(const std::string& document) {
  if (document == kRemoved) return Ownership::kObjectWriter;
  ALOFT_ASSIGN(auto root, documents::ReadXml(document, documents::kOwnershipSchema));
  std::string_view text = root.Child("Rule")->ChildText("ObjectOwnership");
  if (text == "ObjectWriter") return Ownership::kObjectWriter;
  return text == "BucketOwnerPreferred" ? Ownership::kBucketOwnerPreferred : Ownership::kBucketOwnerEnforced;
}

Result<objects::EncryptionRequest> ReadDefaultEncryption(const std::string& document) {
  ALOFT_ASSIGN(auto root, documents::ReadXml(document, documents::kEncryptionSchema));
  const auto* rule = root.Child("Rule");
  const auto* by_default = rule->Child("ApplyServerSideEncryptionByDefault");
  objects::EncryptionRequest request;
  if (by_default == nullptr) return request;
  std::string_view algorithm = by_default->ChildText("SSEAlgorithm");
  request.kind = algorithm == "AES256"    ? objects::EncryptionKind::kSseS3
                 : algorithm == "aws:kms" ? objects::EncryptionKind::kSseKms
                                          : objects::EncryptionKind::kDsseKms;
  request.kms_key = by_default->ChildText("KMSMasterKeyID");
  request.bucket_key = documents::XmlFlag(*rule, "BucketKeyEnabled");
  return request;
}

std::string CanonicalCaller(const identity::Session& caller) {
  return caller.account.empty() ? std::string() : CanonicalUserId(caller.account);
}

std::string VersionOf(const Permission& permission) {
  auto wanted = permission.context.find(std::string(kVersionKey));
  return wanted == permission.context.end() || wanted->second.empty() ? std::string() : wanted->second.front();
}

// Absent where it is not there: that is the operation's to tell, to who may know.
Result<std::optional<objects::ObjectInfo>> FindObject(objects::Service& objects, const objects::Bucket& bucket,
                                                      std::string_view key, std::string_view version) {
  auto info = objects.FindVersion(bucket.account, bucket.name, key, version);
  if (info.ok()) return std::optional(std::move(info).value());
  ErrorKind kind = info.error().kind();
  if (kind == ErrorKind::kNotFound || kind == ErrorKind::kInvalid) return std::optional<objects::ObjectInfo>();
  return std::move(info).error();
}

}  // namespace

Result<std::shared_ptr<const BucketAccess>> AccessCache::Of(std::string_view bucket) {
  ALOFT_ASSIGN(auto location, objects_.Locate(bucket));
  {
    std::lock_guard lock(mutex_);
    auto found = cache_.find(bucket);
    if (found != cache_.end() && found->second.version == location.version) return found->second.access;
  }
  ALOFT_ASSIGN(auto access, Compile(location));
  std::lock_guard lock(mutex_);
  if (cache_.size() >= kMaxCached) cache_.erase(cache_.begin());
  cache_.insert_or_assign(std::string(bucket), Cached{location.version, access});
  return access;
}

Result<std::shared_ptr<const BucketAccess>> AccessCache::Compile(const objects::BucketLocation& location) const {
  auto access = std::make_shared<BucketAccess>();
  access->bucket = location.bucket;
  access->acl = documents::PrivateAcl(CanonicalUserId(location.bucket.account));
  auto read = [&](std::string_view name) {
    return objects_.GetSetting(location.bucket.account, location.bucket.name, name);
  };
  ALOFT_ASSIGN(auto policy, read(kPolicySetting));
  if (policy) {
    ALOFT_ASSIGN(access->policy, documents::ReadBucketPolicy(*policy, location.bucket.name));
  }
  ALOFT_ASSIGN(auto block, read(kPublicAccessSetting));
  if (block) {
    ALOFT_ASSIGN(access->block, ReadBlock(*block));
  }
  ALOFT_ASSIGN(auto ownership, read(kOwnershipSetting));
  if (ownership) {
    ALOFT_ASSIGN(access->ownership, ReadOwnership(*ownership));
  }
  ALOFT_ASSIGN(auto acl, read(kAclSetting));
  if (acl) {
    ALOFT_ASSIGN(access->acl, documents::ParseAcl(*acl));
  }
  ALOFT_ASSIGN(auto encryption, read(kEncryptionSetting));
  if (encryption) {
    ALOFT_ASSIGN(access->encryption, ReadDefaultEncryption(*encryption));
  }
  ALOFT_ASSIGN(auto cors, read(kCorsSetting));
  if (cors) {
    ALOFT_ASSIGN(auto root, documents::ReadXml(*cors, documents::kCorsSchema));
    access->cors = documents::ReadCors(root);
  }
  ALOFT_ASSIGN(auto aging, read(kLifecycleSetting));
  if (aging) {
    ALOFT_ASSIGN(access->lifecycle, lifecycle::ParseConfiguration(*aging));
  }
  return std::shared_ptr<const BucketAccess>(std::move(access));
}

std::shared_ptr<const AccessFacts> AccessFacts::ForRequest() const {
  return std::shared_ptr<const AccessFacts>(new AccessFacts(objects_, compiled_));
}

Result<std::shared_ptr<const BucketAccess>> AccessFacts::Of(std::string_view bucket) const {
  if (!remembers_) return compiled_->Of(bucket);
  {
    std::lock_guard lock(mutex_);
    for (const auto& access : seen_)
      if (access->bucket.name == bucket) return access;
  }
  ALOFT_ASSIGN(auto access, compiled_->Of(bucket));
  std::lock_guard lock(mutex_);
  seen_.push_back(access);
  return access;
}

Status AccessFacts::AddObjectList(const BucketAccess& access, const Permission& permission, std::string_view key,
                                  const identity::Session& caller, identity::ResourceFacts& facts) const {
  ALOFT_ASSIGN(auto info, FindObject(objects_, access.bucket, key, VersionOf(permission)));
  if (!info || info->attributes.acl.empty()) return {};
  ALOFT_ASSIGN(auto acl, documents::ParseAcl(info->attributes.acl));
  auto granted = documents::Grants(acl, true, permission.action, CanonicalCaller(caller), access.block.ignore_acls);
  if (!granted) return {};
  facts.granted = true;
  facts.granted_by = "the object's access control list, which names " + *granted;
  return {};
}

Result<identity::ResourceFacts> AccessFacts::FactsOf(const Permission& permission,
                                                     const identity::Session& caller) const {
  std::string_view resource = permission.resource;
  if (!resource.starts_with(kArnPrefix)) return identity::ResourceFacts{};
  resource.remove_prefix(kArnPrefix.size());
  std::string_view bucket = resource.substr(0, resource.find('/'));
  std::string_view key = bucket.size() < resource.size() ? resource.substr(bucket.size() + 1) : std::string_view();
  ALOFT_ASSIGN(auto access, Of(bucket));
  identity::ResourceFacts facts;
  facts.owner = access->bucket.account;
  facts.context["s3:resourceaccount"] = {access->bucket.account.value()};
  if (!MendsPolicy(permission, caller, access->bucket)) facts.policy = access->policy.policy;
  facts.block_public = access->block.restrict_buckets && access->policy.is_public;
  if (access->ownership != Ownership::kBucketOwnerEnforced) {
    auto granted =
        documents::Grants(access->acl, false, permission.action, CanonicalCaller(caller), access->block.ignore_acls);
    if (granted && caller.account != access->bucket.account) {
      facts.granted = true;
      facts.granted_by = "the bucket's access control list, which names " + *granted;
    }
  }
  if (key.empty() || !ReadsObject(permission.action)) return facts;
  bool lists = access->ownership != Ownership::kBucketOwnerEnforced && caller.account != access->bucket.account;
  if (lists) ALOFT_TRY(AddObjectList(*access, permission, key, caller, facts));
  // Few policies ask for an object's tags; only they cost the look at it.
  facts.late = [&objects = objects_, access, key = std::string(key),
                version = VersionOf(permission)]() -> Result<identity::Context> {
    identity::Context tags;
    ALOFT_ASSIGN(auto info, FindObject(objects, access->bucket, key, version));
    if (!info) return tags;
    for (const auto& [name, value] : info->attributes.tags) tags["s3:existingobjecttag/" + ToLower(name)] = {value};
    return tags;
  };
  return facts;
}

}  // namespace aloft::api::s3
