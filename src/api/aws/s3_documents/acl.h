// Access control lists: who may do what with a bucket or an object, apart from policies.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::api::s3::documents {

inline constexpr std::string_view kAllUsers = "http://acs.amazonaws.com/groups/global/AllUsers";
inline constexpr std::string_view kAuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
inline constexpr std::string_view kLogDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";

enum class AclPermission { kFullControl, kWrite, kWriteAcp, kRead, kReadAcp };

struct Grant {
  std::string grantee;  // a canonical user id, or a group's URI
  bool group = false;
  AclPermission permission = AclPermission::kFullControl;
  friend bool operator==(const Grant&, const Grant&) = default;
};

struct Acl {
  std::string owner;  // canonical user id
  std::vector<Grant> grants;
};

// "private": the owner has FULL_CONTROL and nobody else has anything.
Acl PrivateAcl(std::string owner);
// A canned list. `bucket_owner` is of the bucket that an object is in. kInvalidValue.
Result<Acl> CannedAcl(std::string_view name, const std::string& owner, const std::string& bucket_owner);
// Adds `id="...", uri="..."` of an x-amz-grant-* header. kInvalidValue, kUnresolvableGrant.
Status AddGrants(std::string_view header, AclPermission permission, Acl& acl);
// An AccessControlPolicy. kMalformedAcl, kInvalidValue, kUnresolvableGrant.
Result<Acl> ParseAcl(std::string_view xml);
std::string WriteAcl(const Acl& acl);

std::string_view PermissionName(AclPermission permission);

// Somebody outside of any account's control is granted something.
bool IsPublic(const Acl& acl);
// Only the owner has anything: what a bucket that enforces its ownership can accept.
bool IsPrivate(const Acl& acl);
// bucket-owner-full-control in its written form.
bool GivesOwnerControl(const Acl& acl, std::string_view bucket_owner);

// Whether the list lets the caller do `action` ("s3:GetObject"). `caller` is a canonical user id, empty for nobody.
// `ignore_public`: grants to groups count for nothing. The grantee's name, for people; absent: no.
std::optional<std::string> Grants(const Acl& acl, bool of_object, std::string_view action, std::string_view caller,
                                  bool ignore_public);

}  // namespace aloft::api::s3::documents
