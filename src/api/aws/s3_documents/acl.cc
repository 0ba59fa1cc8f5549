#include "api/aws/s3_documents/acl.h"

#include <algorithm>

#include "api/aws/s3_documents/errors.h"
#include "api/aws/s3_documents/schemas.h"
#include "foundation/base/bytes.h"

namespace aloft::api::s3::documents {
namespace {

constexpr std::size_t kMaxGrants = 100;
constexpr std::pair<AclPermission, std::string_view> kNames[] = {{AclPermission::kFullControl, "FULL_CONTROL"},
                                                                 {AclPermission::kWrite, "WRITE"},
                                                                 {AclPermission::kWriteAcp, "WRITE_ACP"},
                                                                 {AclPermission::kRead, "READ"},
                                                                 {AclPermission::kReadAcp, "READ_ACP"}};

// What each permission of a list stands for:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping
struct Meaning {
  bool of_object;
  AclPermission permission;
  std::string_view action;
};
constexpr Meaning kMeanings[] = {
    {false, AclPermission::kRead, "s3:ListBucket"},
    {false, AclPermission::kRead, "s3:ListBucketVersions"},
    {false, AclPermission::kRead, "s3:ListBucketMultipartUploads"},
    {false, AclPermission::kWrite, "s3:PutObject"},
    {false, AclPermission::kWrite, "s3:DeleteObject"},
    {false, AclPermission::kReadAcp, "s3:GetBucketAcl"},
    {false, AclPermission::kWriteAcp, "s3:PutBucketAcl"},
    {true, AclPermission::kRead, "s3:GetObject"},
    {true, AclPermission::kRead, "s3:GetObjectVersion"},
    {true, AclPermission::kReadAcp, "s3:GetObjectAcl"},
    {true, AclPermission::kReadAcp, "s3:GetObjectVersionAcl"},
    {true, AclPermission::kWriteAcp, "s3:PutObjectAcl"},
    {true, AclPermission::kWriteAcp, "s3:PutObjectVersionAcl"},
};

bool IsCanonicalId(std::string_view id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsGroup(std::string_view uri) {
  return uri == kAllUsers || uri == kAuthenticatedUsers || uri == kLogDelivery;
}

Status Add(Grant grant, Acl& acl) {
  if (grant.group && !IsGroup(grant.grantee)) return Fail(kInvalidValue, "Invalid group uri");
  if (!grant.group && !IsCanonicalId(grant.grantee)) return Fail(kInvalidValue, "Invalid id");
  if (acl.grants.size() == kMaxGrants)
    return Fail(kInvalidRequest, "The ACL has more grants than the allowed number of 100");
  acl.grants.push_back(std::move(grant));
  return {};
}

Error NoMail() {
  return Fail(kUnresolvableGrant, "The e-mail address you provided does not match any account on record.");
}

bool CoversGroup(const Grant& grant, std::string_view caller) {
  if (grant.grantee == kAllUsers) return true;
  return grant.grantee == kAuthenticatedUsers && !caller.empty();
}

}  // namespace

std::string_view PermissionName(AclPermission permission) {
  for (const auto& [value, name] : kNames)
    if (value == permission) return name;
  return "FULL_CONTROL";
}

Acl PrivateAcl(std::string owner) {
  Acl acl{owner, {}};
  acl.grants.push_back({std::move(owner), false, AclPermission::kFullControl});
  return acl;
}

Result<Acl> CannedAcl(std::string_view name, const std::string& owner, const std::string& bucket_owner) {
  Acl acl = PrivateAcl(owner);
  auto group = [&](std::string_view uri, AclPermission permission) {
    acl.grants.push_back({std::string(uri), true, permission});
  };
  auto bucket = [&](AclPermission permission) {
    if (bucket_owner != owner) acl.grants.push_back({bucket_owner, false, permission});
  };
  if (name == "public-read") {
    group(kAllUsers, AclPermission::kRead);
  } else if (name == "public-read-write") {
    group(kAllUsers, AclPermission::kRead);
    group(kAllUsers, AclPermission::kWrite);
  } else if (name == "authenticated-read") {
    group(kAuthenticatedUsers, AclPermission::kRead);
  } else if (name == "log-delivery-write") {
    group(kLogDelivery, AclPermission::kWrite);
    group(kLogDelivery, AclPermission::kReadAcp);
  } else if (name == "bucket-owner-read") {
    bucket(AclPermission::kRead);
  } else if (name == "bucket-owner-full-control") {
    bucket(AclPermission::kFullControl);
  } else if (name != "private" && name != "aws-exec-read") {
    return Fail(kInvalidValue, "Invalid canned ACL");
  }
  return acl;
}

Status AddGrants(std::string_view header, AclPermission permission, Acl& acl) {
  for (std::string_view part : Split(header, ',')) {
    part = Trim(part);
    auto equals = part.find('=');
    if (equals == std::string_view::npos) return Fail(kInvalidValue, "Argument format not recognized");
    std::string kind = ToLower(Trim(part.substr(0, equals)));
    std::string_view value = Trim(part.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (kind == "emailaddress") return NoMail();
    if (kind != "id" && kind != "uri") return Fail(kInvalidValue, "Argument format not recognized");
    ALOFT_TRY(Add({std::string(value), kind == "uri", permission}, acl));
  }
  return {};
}

Result<Acl> ParseAcl(std::string_view xml) {
  auto malformed = [] {
    return Fail(kMalformedAcl,
                "The XML you provided was not well-formed or did not validate against our published schema");
  };
  auto root = ReadXml(xml, kAclSchema);
  if (!root.ok()) return malformed();
  Acl acl;
  if (const auto* owner = root->Child("Owner")) acl.owner = owner->ChildText("ID");
  if (!IsCanonicalId(acl.owner)) return malformed();
  for (const auto& element : root->Child("AccessControlList")->children) {
    const auto* grantee = element.Child("Grantee");
    Grant grant;
    std::string_view named = element.ChildText("Permission");
    for (const auto& [permission, name] : kNames)
      if (name == named) grant.permission = permission;
    if (grantee->Child("EmailAddress") != nullptr) return NoMail();
    grant.group = grantee->Child("URI") != nullptr;
    if (grant.group == (grantee->Child("ID") != nullptr)) return malformed();
    grant.grantee = grantee->ChildText(grant.group ? "URI" : "ID");
    ALOFT_TRY(Add(std::move(grant), acl));
  }
  return acl;
}

std::string WriteAcl(const Acl& acl) {
  codec::XmlElement root = MakeElement("AccessControlPolicy", "");
  codec::XmlElement owner = MakeElement("Owner", "");
  owner.children.push_back(MakeElement("ID", acl.owner));
  codec::XmlElement list = MakeElement("AccessControlList", "");
  for (const auto& grant : acl.grants) {
    codec::XmlElement grantee = MakeElement("Grantee", "");
    grantee.attributes.emplace_back("type", grant.group ? "Group" : "CanonicalUser");
    grantee.children.push_back(MakeElement(grant.group ? "URI" : "ID", grant.grantee));
    codec::XmlElement element = MakeElement("Grant", "");
    element.children.push_back(std::move(grantee));
    element.children.push_back(MakeElement("Permission", std::string(PermissionName(grant.permission))));
    list.children.push_back(std::move(element));
  }
  root.children.push_back(std::move(owner));
  root.children.push_back(std::move(list));
  return WriteXml(root);
}

bool IsPublic(const Acl& acl) {
  return std::any_of(acl.grants.begin(), acl.grants.end(), [](const Grant& grant) {
    return grant.group && (grant.grantee == kAllUsers || grant.grantee == kAuthenticatedUsers);
  });
}

bool IsPrivate(const Acl& acl) {
  return std::all_of(acl.grants.begin(), acl.grants.end(), [&](const Grant& grant) {
    return !grant.group && grant.grantee == acl.owner && grant.permission == AclPermission::kFullControl;
  });
}

bool GivesOwnerControl(const Acl& acl, std::string_view bucket_owner) {
  return std::any_of(acl.grants.begin(), acl.grants.end(), [&](const Grant& grant) {
    return !grant.group && grant.grantee == bucket_owner && grant.permission == AclPermission::kFullControl;
  });
}

std::optional<std::string> Grants(const Acl& acl, bool of_object, std::string_view action, std::string_view caller,
                                  bool ignore_public) {
  for (const auto& grant : acl.grants) {
    bool covered = grant.group ? !ignore_public && CoversGroup(grant, caller) : grant.grantee == caller;
    if (!covered) continue;
    for (const auto& meaning : kMeanings)
      if (meaning.of_object == of_object && meaning.action == action &&
          (grant.permission == meaning.permission || grant.permission == AclPermission::kFullControl))
        return grant.grantee;
  }
  return std::nullopt;
}

}  // namespace aloft::api::s3::documents
