#include "api/aws/s3_wire/object_headers.h"

#include <boost/json.hpp>

#include "api/aws/s3_wire/errors.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/crypto/hash.h"

namespace aloft::api::s3 {
namespace {

using objects::EncryptionKind;
using objects::RetentionMode;

constexpr std::string_view kSse = "x-amz-server-side-encryption";

std::string Customer(std::string_view prefix, std::string_view field) {
  return std::string(prefix) + "server-side-encryption-customer-" + std::string(field);
}

// Few requests bring a key, and then the names of its headers need not be made. By length alone.
bool MayHaveCustomerKey(const http::Headers& headers, std::string_view prefix) {
  const std::size_t common = prefix.size() + std::string_view("server-side-encryption-customer-").size();
  for (const auto& [name, value] : headers.fields()) {
    if (name.size() <= common) continue;
    const std::size_t rest = name.size() - common;  // of "algorithm", "key", "key-md5"
    if (rest == 9 || rest == 3 || rest == 7) return true;
  }
  return false;
}

bool IsStringMap(std::string_view text) {
  auto json = codec::ParseJson(text, {.max_depth = 2, .max_bytes = 8192});
  if (!json.ok() || !json->is_object()) return false;
  for (const auto& pair : json->get_object())
    if (!pair.value().is_string()) return false;
  return true;
}

}  // namespace

RetentionMode ParseRetentionMode(std::string_view text) {
  if (text == "GOVERNANCE") return RetentionMode::kGovernance;
  return text == "COMPLIANCE" ? RetentionMode::kCompliance : RetentionMode::kNone;
}

std::string_view RetentionModeName(RetentionMode mode) {
  return mode == RetentionMode::kCompliance ? "COMPLIANCE" : "GOVERNANCE";
}

Result<objects::Lock> ReadLock(const http::Headers& headers, Time now) {
  objects::Lock lock;
  std::string_view mode = headers.Get("x-amz-object-lock-mode");
  std::string_view until = headers.Get("x-amz-object-lock-retain-until-date");
  std::string_view hold = headers.Get("x-amz-object-lock-legal-hold");
  if (mode.empty() != until.empty())
    return Fail(kInvalidArgument,
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied");
  if (!mode.empty()) {
    lock.retention.mode = ParseRetentionMode(mode);
    if (lock.retention.mode == RetentionMode::kNone) return Fail(kInvalidArgument, "Unknown wormMode directive.");
    auto time = codec::ParseIso8601(until);
    if (!time) return Fail(kInvalidArgument, "The retain until date must be provided in ISO 8601 format");
    if (*time <= now) return Fail(kInvalidArgument, "The retain until date must be in the future!");
    lock.retention.until = *time;
  }
  if (!hold.empty()) {
    if (hold != "ON" && hold != "OFF") return Fail(kInvalidArgument, "Legal Hold must be either of 'ON' or 'OFF'");
    lock.legal_hold = hold == "ON";
  }
  return lock;
}

Result<std::string> ReadCustomerKey(const http::RequestHead& head, std::string_view prefix) {
  const auto& headers = head.headers;
  if (!MayHaveCustomerKey(headers, prefix)) return std::string();
  std::string_view algorithm = headers.Get(Customer(prefix, "algorithm"));
  std::string_view key = headers.Get(Customer(prefix, "key"));
  std::string_view md5 = headers.Get(Customer(prefix, "key-md5"));
  if (algorithm.empty() && key.empty() && md5.empty()) return std::string();
  if (!head.tls)
    return Fail(kInvalidRequest,
                "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure "
                "connection.");
  if (algorithm != "AES256")
    return Fail(kInvalidEncryption, "The encryption request that you specified is not valid. Supported value: AES256.");
  auto bytes = codec::Base64Decode(key);
  if (!bytes || bytes->size() != 32)
    return Fail(kInvalidArgument, "The secret key was invalid for the specified algorithm.");
  auto digest = codec::Base64Decode(md5);
  if (!digest || *digest != crypto::Md5(*bytes))
    return Fail(kInvalidArgument, "The calculated MD5 hash of the key did not match the hash that was provided.");
  return std::move(*bytes);
}

Result<objects::EncryptionRequest> ReadEncryption(const http::RequestHead& head) {
  const auto& headers = head.headers;
  objects::EncryptionRequest request;
  std::string_view name = headers.Get(kSse);
  ALOFT_ASSIGN(request.customer_key, ReadCustomerKey(head));
  if (!request.customer_key.empty()) {
    if (!name.empty())
      return Fail(kInvalidArgument,
                  "Server Side Encryption with Customer provided key is incompatible with the "
                  "encryption method specified");
    request.kind = EncryptionKind::kSseC;
    return request;
  }
  request.kms_key = headers.Get("x-amz-server-side-encryption-aws-kms-key-id");
  if (name == "AES256") request.kind = EncryptionKind::kSseS3;
  if (name == "aws:kms") request.kind = EncryptionKind::kSseKms;
  if (name == "aws:kms:dsse") request.kind = EncryptionKind::kDsseKms;
  if (!name.empty() && request.kind == EncryptionKind::kNone)
    return Fail(kInvalidArgument, "The encryption method specified is not supported");
  bool kms = request.kind == EncryptionKind::kSseKms || request.kind == EncryptionKind::kDsseKms;
  if (!request.kms_key.empty() && !kms)
    return Fail(kInvalidArgument,
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms");
  request.bucket_key = EqualsIgnoreCase(headers.Get("x-amz-server-side-encryption-bucket-key-enabled"), "true");
  if (std::string_view context = headers.Get("x-amz-server-side-encryption-context"); !context.empty() && kms) {
    auto json = codec::Base64Decode(context);
    if (!json || !IsStringMap(*json))
      return Fail(kInvalidArgument,
                  "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding "
                  "JSON which represents a string-string map");
    request.context = std::move(*json);
  }
  return request;
}

void AddVersion(http::Headers& headers, const objects::ObjectInfo& info) {
  if (!info.version_id.empty()) headers.Add("x-amz-version-id", info.version_id);
}

void AddEncryption(http::Headers& headers, const objects::Encryption& encryption, const http::Headers& request) {
  switch (encryption.kind) {
    case EncryptionKind::kNone: return;
    case EncryptionKind::kSseS3: headers.Add(std::string(kSse), "AES256"); return;
    case EncryptionKind::kSseC:
      headers.Add(Customer("x-amz-", "algorithm"), "AES256");
      headers.Add(Customer("x-amz-", "key-MD5"), std::string(request.Get(Customer("x-amz-", "key-md5"))));
      return;
    case EncryptionKind::kSseKms:
    case EncryptionKind::kDsseKms:
      headers.Add(std::string(kSse), encryption.kind == EncryptionKind::kSseKms ? "aws:kms" : "aws:kms:dsse");
      headers.Add("x-amz-server-side-encryption-aws-kms-key-id", encryption.kms_key);
      if (encryption.bucket_key) headers.Add("x-amz-server-side-encryption-bucket-key-enabled", "true");
      return;
  }
}

void AddLock(http::Headers& headers, const objects::Lock& lock) {
  if (lock.retention.mode != RetentionMode::kNone) {
    headers.Add("x-amz-object-lock-mode", std::string(RetentionModeName(lock.retention.mode)));
    headers.Add("x-amz-object-lock-retain-until-date", codec::FormatIso8601Millis(lock.retention.until));
  }
  if (lock.legal_hold) headers.Add("x-amz-object-lock-legal-hold", "ON");
}

void AddRestore(http::Headers& headers, const objects::Restore& restore) {
  if (restore.ongoing) {
    headers.Add("x-amz-restore", "ongoing-request=\"true\"");
  } else if (restore.expires != Time{}) {
    headers.Add("x-amz-restore",
                "ongoing-request=\"false\", expiry-date=\"" + codec::FormatHttpDate(restore.expires) + "\"");
  }
}

}  // namespace aloft::api::s3
