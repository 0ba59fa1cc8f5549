#include "services/inventory/rows.h"

#include <algorithm>

#include "foundation/codec/time.h"
#include "foundation/codec/uri.h"
#include "services/objects/contract/digests.h"

namespace aloft::inventory {
namespace {

void AppendValue(std::string_view value, std::string& out) {
  if (!out.empty() && out.back() != '\n') out += ',';
  out += '"';
  for (char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string_view EncryptionOf(const objects::Encryption& encryption) {
  switch (encryption.kind) {
    case objects::EncryptionKind::kNone: return "NOT-SSE";
    case objects::EncryptionKind::kSseS3: return "SSE-S3";
    case objects::EncryptionKind::kSseKms: return "SSE-KMS";
    case objects::EncryptionKind::kSseC: return "SSE-C";
    case objects::EncryptionKind::kDsseKms: return "DSSE-KMS";
  }
  return "";
}

std::string_view ModeOf(const objects::Lock& lock) {
  switch (lock.retention.mode) {
    case objects::RetentionMode::kNone: return "";
    case objects::RetentionMode::kGovernance: return "GOVERNANCE";
    case objects::RetentionMode::kCompliance: return "COMPLIANCE";
  }
  return "";
}

std::string ExpirationOf(const lifecycle::Configuration& lifecycle, const objects::ObjectInfo& info) {
  if (!info.is_latest) return "";
  auto expiry = lifecycle::ExpiryOf(lifecycle, info);
  return expiry ? codec::FormatIso8601Millis(expiry->when) : "";
}

std::string ValueOf(Field field, const RowFacts& facts, const objects::ObjectInfo& info) {
  const std::string& storage_class = info.attributes.storage_class;
  const objects::Lock& lock = info.lock;
  switch (field) {
    case Field::kSize: return std::to_string(info.size);
    case Field::kLastModifiedDate: return codec::FormatIso8601Millis(info.modified);
    case Field::kETag: return info.etag;
    case Field::kStorageClass: return storage_class.empty() ? "STANDARD" : storage_class;
    case Field::kIsMultipartUploaded: return info.etag.find('-') == std::string::npos ? "false" : "true";
    case Field::kReplicationStatus: return "";
    case Field::kEncryptionStatus: return std::string(EncryptionOf(info.encryption));
    case Field::kObjectLockRetainUntilDate:
      return lock.retention.mode == objects::RetentionMode::kNone ? ""
                                                                  : codec::FormatIso8601Millis(lock.retention.until);
    case Field::kObjectLockMode: return std::string(ModeOf(lock));
    case Field::kObjectLockLegalHoldStatus: return lock.legal_hold ? "ON" : "OFF";
    case Field::kIntelligentTieringAccessTier: return storage_class == "INTELLIGENT_TIERING" ? "FREQUENT" : "";
    case Field::kBucketKeyStatus: return info.encryption.bucket_key ? "ENABLED" : "DISABLED";
    case Field::kChecksumAlgorithm: return std::string(objects::ToString(info.checksum.algorithm));
    case Field::kObjectOwner: return facts.owner;
    case Field::kLifecycleExpirationDate: return ExpirationOf(facts.lifecycle, info);
  }
  return "";
}

}  // namespace

std::string Schema(const Configuration& configuration) {
  std::string schema = "Bucket, Key";
  if (configuration.all_versions) schema += ", VersionId, IsLatest, IsDeleteMarker";
  for (Field field : configuration.fields) schema.append(", ").append(ToString(field));
  return schema;
}

void AppendRow(const Configuration& configuration, const RowFacts& facts, const objects::ObjectInfo& info,
               std::string& out) {
  AppendValue(facts.bucket, out);
  AppendValue(codec::PercentEncode(info.key, true), out);
  if (configuration.all_versions) {
    AppendValue(facts.versioned ? std::string_view(info.version_id) : std::string_view(), out);
    AppendValue(info.is_latest ? "true" : "false", out);
    AppendValue(info.is_delete_marker ? "true" : "false", out);
  }
  for (Field field : configuration.fields) {
    bool shown = !info.is_delete_marker || field == Field::kLastModifiedDate || field == Field::kObjectOwner;
    AppendValue(shown ? ValueOf(field, facts, info) : std::string(), out);
  }
  out += '\n';
}

bool NeedsWhole(const Configuration& configuration) {
  return std::any_of(configuration.fields.begin(), configuration.fields.end(), [](Field field) {
    switch (field) {
      case Field::kEncryptionStatus:
      case Field::kObjectLockRetainUntilDate:
      case Field::kObjectLockMode:
      case Field::kObjectLockLegalHoldStatus:
      case Field::kBucketKeyStatus:
      case Field::kLifecycleExpirationDate: return true;
      default: return false;
    }
  });
}

}  // namespace aloft::inventory
