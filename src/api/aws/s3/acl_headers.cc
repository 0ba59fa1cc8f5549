#include "api/aws/s3/acl_headers.h"

#include "api/aws/s3/errors.h"
#include "api/aws/s3/operation.h"

namespace aloft::api::s3 {
namespace {

using documents::AclPermission;

constexpr std::pair<std::string_view, AclPermission> kGrantHeaders[] = {
    {"x-amz-grant-full-control", AclPermission::kFullControl},
    {"x-amz-grant-read", AclPermission::kRead},
    {"x-amz-grant-write", AclPermission::kWrite},
    {"x-amz-grant-read-acp", AclPermission::kReadAcp},
    {"x-amz-grant-write-acp", AclPermission::kWriteAcp},
};

}  // namespace

bool HasAclHeaders(const http::Headers& headers) {
  if (headers.Has("x-amz-acl")) return true;
  for (const auto& [name, permission] : kGrantHeaders)
    if (headers.Has(name)) return true;
  return false;
}

Result<documents::Acl> ReadAclHeaders(const http::Headers& headers, const std::string& owner,
                                      const std::string& bucket_owner) {
  documents::Acl granted{owner, {}};
  for (const auto& [name, permission] : kGrantHeaders)
    if (headers.Has(name)) ALOFT_TRY(AddGrants(headers.Get(name), permission, granted));
  if (!headers.Has("x-amz-acl")) return granted;
  if (!granted.grants.empty())
    return Fail(kInvalidRequest, "Specifying both Canned ACLs and Header Grants is not allowed");
  return documents::CannedAcl(headers.Get("x-amz-acl"), owner, bucket_owner);
}

Status CheckAclAllowed(const BucketAccess& access, const documents::Acl& acl) {
  if (access.ownership == Ownership::kBucketOwnerEnforced && !documents::IsPrivate(acl))
    return Fail(kAclNotSupported, "The bucket does not allow ACLs");
  if (access.block.block_acls && documents::IsPublic(acl))
    return Fail(kAccessDenied,
                "Access Denied: public access control lists are prevented by the BlockPublicAcls setting in S3 Block "
                "Public Access.");
  return {};
}

Result<std::string> ObjectAclOf(const BucketAccess& access, const http::Headers& headers) {
  if (!HasAclHeaders(headers)) return std::string();
  std::string id = CanonicalUserId(access.bucket.account);
  ALOFT_ASSIGN(documents::Acl acl, ReadAclHeaders(headers, id, id));
  ALOFT_TRY(CheckAclAllowed(access, acl));
  return documents::IsPrivate(acl) ? std::string() : WriteAcl(acl);
}

std::string OwnershipDocument(std::string_view ownership) {
  std::string document;
  codec::XmlWriter(document)
      .Open("OwnershipControls", kNamespace)
      .Open("Rule")
      .Element("ObjectOwnership", ownership)
      .Close()
      .Close();
  return document;
}

Status CheckOwnershipChange(const BucketAccess& access, std::string_view document) {
  if (document.find("BucketOwnerEnforced") == std::string_view::npos || documents::IsPrivate(access.acl)) return {};
  return Fail(kInvalidAclWithOwnership,
              "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
}

}  // namespace aloft::api::s3
