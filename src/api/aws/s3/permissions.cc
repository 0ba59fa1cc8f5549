// Which permissions a request needs, and the condition keys of S3 that its head sets.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys
#include <algorithm>

#include "api/aws/s3/acl_rules.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/headers.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3 {
namespace {

// Headers whose value is a condition key of its own.
constexpr std::pair<std::string_view, std::string_view> kHeaderKeys[] = {
    {"x-amz-acl", "s3:x-amz-acl"},
    {"x-amz-grant-full-control", "s3:x-amz-grant-full-control"},
    {"x-amz-grant-read", "s3:x-amz-grant-read"},
    {"x-amz-grant-write", "s3:x-amz-grant-write"},
    {"x-amz-grant-read-acp", "s3:x-amz-grant-read-acp"},
    {"x-amz-grant-write-acp", "s3:x-amz-grant-write-acp"},
    {"x-amz-content-sha256", "s3:x-amz-content-sha256"},
    {"x-amz-copy-source", "s3:x-amz-copy-source"},
    {"x-amz-metadata-directive", "s3:x-amz-metadata-directive"},
    {"x-amz-server-side-encryption", "s3:x-amz-server-side-encryption"},
    {"x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-aws-kms-key-id"},
    {"x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-server-side-encryption-customer-algorithm"},
    {"x-amz-storage-class", "s3:x-amz-storage-class"},
    {"x-amz-website-redirect-location", "s3:x-amz-website-redirect-location"},
    {"x-amz-object-lock-mode", "s3:object-lock-mode"},
    {"x-amz-object-lock-retain-until-date", "s3:object-lock-retain-until-date"},
    {"x-amz-object-lock-legal-hold", "s3:object-lock-legal-hold"},
    {"x-amz-object-ownership", "s3:x-amz-object-ownership"},
    {"if-match", "s3:if-match"},
    {"if-none-match", "s3:if-none-match"},
};

void AddRequestTags(const http::Headers& headers, identity::Context& context) {
  std::string_view text = headers.Get("x-amz-tagging");
  if (text.empty()) return;
  auto tags = ParseTagging(text);
  if (!tags.ok()) return;  // the operation refuses it
  auto& keys = context["s3:requestobjecttagkeys"];
  for (const auto& [name, value] : *tags) {
    keys.push_back(name);
    context["s3:requestobjecttag/" + ToLower(name)] = {value};
  }
}

// How the request is signed, and how old a presigned one is.
void AddSignature(const Call& call, identity::Context& context) {
  const auto& head = call.head();
  if (head.headers.Has("authorization")) {
    context["s3:authtype"] = {"REST-HEADER"};
  } else if (auto query = codec::ParseQuery(head.query()); query && codec::Find(*query, "X-Amz-Signature")) {
    context["s3:authtype"] = {"REST-QUERY-STRING"};
    const std::string* date = codec::Find(*query, "X-Amz-Date");
    if (auto signed_at = date == nullptr ? std::nullopt : codec::ParseBasic(*date))
      context["s3:signatureage"] = {std::to_string(ToMillis(call.received) - ToMillis(*signed_at))};
  } else {
    return;
  }
  context["s3:signatureversion"] = {"AWS4-HMAC-SHA256"};
}

void AddLock(const Call& call, identity::Context& context) {
  auto until = codec::ParseIso8601(call.head().headers.Get("x-amz-object-lock-retain-until-date"));
  if (!until) return;
  auto days = std::chrono::ceil<std::chrono::days>(*until - call.received).count();
  context["s3:object-lock-remaining-retention-days"] = {std::to_string(days)};
}

void AddHead(const Call& call, identity::Context& keys) {
  const auto& headers = call.head().headers;
  for (const auto& [header, key] : kHeaderKeys)
    if (std::string_view value = headers.Get(header); !value.empty()) keys[std::string(key)] = {std::string(value)};
  AddRequestTags(headers, keys);
  AddSignature(call, keys);
  AddLock(call, keys);
}

}  // namespace

Permission Need(const Context& context, const Call& call, std::string_view action, std::string resource,
                identity::Context more) {
  if (auto query = codec::ParseQuery(call.head().query()))
    if (const std::string* version = codec::Find(*query, "versionId"))
      more.try_emplace(std::string(kVersionKey), std::vector<std::string>{*version});
  Permission permission;
  permission.action = action;
  permission.resource = std::move(resource);
  permission.context = std::move(more);
  permission.more = [&call](identity::Context& keys) { AddHead(call, keys); };
  permission.facts = context.access.get();
  return permission;
}

std::string_view ForVersion(const Target& target, std::string_view plain, std::string_view versioned) {
  return target.Get("versionId").empty() ? plain : versioned;
}

std::vector<Permission> NeedWrite(const Context& context, const Call& call, const Target& target) {
  const auto& headers = call.head().headers;
  std::string arn = target.ObjectArn();
  std::vector<Permission> needed = {Need(context, call, "s3:PutObject", arn)};
  auto also = [&](bool asked, std::string_view action) {
    if (asked) needed.push_back(Need(context, call, action, arn));
  };
  also(!headers.Get("x-amz-tagging").empty(), "s3:PutObjectTagging");
  also(HasAclHeaders(headers), "s3:PutObjectAcl");
  also(headers.Has("x-amz-object-lock-mode") || headers.Has("x-amz-object-lock-retain-until-date"),
       "s3:PutObjectRetention");
  also(headers.Has("x-amz-object-lock-legal-hold"), "s3:PutObjectLegalHold");
  return needed;
}

}  // namespace aloft::api::s3
