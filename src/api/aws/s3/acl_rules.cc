#include "api/aws/s3/acl_rules.h"

#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/errors.h"

namespace aloft::api::s3 {
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
