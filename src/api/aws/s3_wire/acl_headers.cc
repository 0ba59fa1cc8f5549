#include "api/aws/s3_wire/acl_headers.h"

#include <utility>

#include "api/aws/s3_wire/errors.h"

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

}  // namespace aloft::api::s3
