#include "services/objects/records/records.h"

#include <algorithm>

#include "services/objects/contract/errors.h"
#include "services/objects/contract/policy.h"
#include "services/objects/records/fields.h"
#include "services/objects/records/record_fields.h"

namespace aloft::objects {
namespace {

constexpr char kVersion = 1;
constexpr char kVersion2 = 2;
constexpr unsigned kMarkerField = 10;  // the first of its record

Error Broken(std::string_view what) {
  return Fail(kCorrupt, "A stored record cannot be read", std::string(what));
}

bool IsKnown(std::string_view bytes) {
  return !bytes.empty() && (bytes.front() == kVersion || bytes.front() == kVersion2);
}

// Runs `field` for each field after the version byte.
template <class Field>
Status Read(std::string_view bytes, std::string_view what, const Field& field) {
  if (!IsKnown(bytes)) return Broken(what);
  FieldReader reader(bytes.substr(1));
  while (reader.Next()) field(reader);
  if (!reader.ok()) return Broken(what);
  return {};
}

FieldWriter Begin(bool second = false) {
  FieldWriter writer;
  writer.Raw(second ? kVersion2 : kVersion);
  return writer;
}

// What listings show; these fields come first.
bool IsSummaryField(unsigned id) {
  return id <= 5 || (id >= kMarkerField && id <= 13) || id == 16;
}

void ReadSummaryField(const FieldReader& reader, Entry& entry) {
  ObjectInfo& info = entry.info;
  switch (reader.id()) {
    case kMarkerField: info.is_delete_marker = reader.number() != 0; break;
    case 11: entry.position = reader.bytes(); break;
    case 12: entry.has_id = reader.number() != 0; break;
    case 13: entry.null_position = reader.bytes(); break;
    case 16: info.restore.expires = At(reader.number()); break;
    case 1: info.size = reader.number(); break;
    case 2: info.modified = At(reader.number()); break;
    case 3: info.etag = reader.bytes(); break;
    case 4: info.attributes.storage_class = reader.bytes(); break;
    case 5: info.checksum = DecodeChecksum(reader.bytes()); break;
    default: break;
  }
}

}  // namespace

Result<const std::vector<Segment>*> Entry::Readable(Time now) const {
  bool archived =
      std::any_of(segments.begin(), segments.end(), [](const Segment& segment) { return segment.archived; });
  bool in_reach = info.restore.expires > now;
  // What a customer's key guards lies in reach, and is as closed as the rest of its class until it is restored.
  bool closed = info.encryption.kind == EncryptionKind::kSseC && info.size > 0 &&
                TierOf(info.attributes.storage_class) == Tier::kArchive;
  if (!archived && (!closed || in_reach)) return &segments;
  if (!restored.empty() && in_reach) return &restored;
  return Fail(kArchived, "The operation is not valid for the object's storage class");
}

std::string Encode(const BucketRecord& record) {
  const Bucket& bucket = record.bucket;
  FieldWriter writer = Begin(bucket.versioning != Versioning::kNever || bucket.lock.enabled);
  writer.Bytes(1, record.bucket.name);
  writer.Bytes(2, record.bucket.account.value());
  writer.Bytes(3, record.bucket.region.value());
  writer.Number(4, Micros(record.bucket.created));
  writer.Number(5, Micros(record.closing_since));
  writer.Number(6, static_cast<std::uint64_t>(bucket.versioning));
  if (bucket.lock.enabled) writer.Bytes(7, EncodeLockConfiguration(bucket.lock));
  return writer.Take();
}

Result<BucketRecord> DecodeBucket(std::string_view bytes) {
  BucketRecord record;
  ALOFT_TRY(Read(bytes, "bucket", [&](const FieldReader& reader) {
    switch (reader.id()) {
      case 1: record.bucket.name = reader.bytes(); break;
      case 2: record.bucket.account = AccountId(reader.bytes()); break;
      case 3: record.bucket.region = Region(reader.bytes()); break;
      case 4: record.bucket.created = At(reader.number()); break;
      case 5: record.closing_since = At(reader.number()); break;
      case 6: record.bucket.versioning = static_cast<Versioning>(reader.number()); break;
      case 7: record.bucket.lock = DecodeLockConfiguration(reader.bytes()); break;
      default: break;
    }
  }));
  return record;
}

std::string Encode(const Entry& entry) {
  std::string lock = EncodeLock(entry.info.lock);
  bool moved = std::any_of(entry.segments.begin(), entry.segments.end(),
                           [](const Segment& segment) { return segment.compressed || segment.archived; });
  FieldWriter writer = Begin(moved || entry.info.is_delete_marker || !entry.position.empty() || !lock.empty() ||
                             !entry.sealed_key.empty());
  writer.Number(kMarkerField, entry.info.is_delete_marker ? 1 : 0);
  writer.Bytes(11, entry.position);
  writer.Number(12, entry.has_id ? 1 : 0);
  writer.Bytes(13, entry.null_position);
  writer.Number(16, Micros(entry.info.restore.expires));
  writer.Number(1, entry.info.size);
  writer.Number(2, Micros(entry.info.modified));
  writer.Bytes(3, entry.info.etag);
  writer.Bytes(4, entry.info.attributes.storage_class);
  writer.Bytes(5, EncodeChecksum(entry.info.checksum));
  writer.Bytes(6, EncodeAttributes(entry.info.attributes));
  for (const auto& segment : entry.segments) writer.Item(7, EncodeSegment(segment));
  for (const auto& part : entry.info.parts) writer.Item(8, EncodePart(part));
  writer.Bytes(9, entry.upload);
  writer.Bytes(14, lock);
  writer.Bytes(15, EncodeKey(entry.info.encryption, entry.sealed_key));
  for (const auto& segment : entry.restored) writer.Item(17, EncodeSegment(segment));
  return writer.Take();
}

Result<Entry> DecodeEntry(std::string_view bytes) {
  Entry entry;
  ALOFT_TRY(Read(bytes, "object", [&](const FieldReader& reader) {
    switch (reader.id()) {
      case 6: DecodeAttributes(reader.bytes(), entry.info.attributes); break;
      case 7: entry.segments.push_back(DecodeSegment(reader.bytes())); break;
      case 8: entry.info.parts.push_back(DecodePartFields(reader.bytes())); break;
      case 9: entry.upload = reader.bytes(); break;
      case 14: entry.info.lock = DecodeLock(reader.bytes()); break;
      case 15: DecodeKey(reader.bytes(), entry.info.encryption, entry.sealed_key); break;
      case 17: entry.restored.push_back(DecodeSegment(reader.bytes())); break;
      default: ReadSummaryField(reader, entry);
    }
  }));
  return entry;
}

Result<Entry> DecodeSummary(std::string_view bytes) {
  Entry entry;
  if (!IsKnown(bytes)) return Broken("object");
  FieldReader reader(bytes.substr(1));
  while (reader.Next() && IsSummaryField(reader.id())) ReadSummaryField(reader, entry);
  if (!reader.ok()) return Broken("object");
  return entry;
}

bool IsDeleteMarker(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion2) return false;
  FieldReader reader(bytes.substr(1));
  return reader.Next() && reader.id() == kMarkerField && reader.number() != 0;
}

std::string Encode(const UploadRecord& record) {
  std::string lock = EncodeLock(record.lock);
  FieldWriter writer = Begin(!lock.empty() || !record.key.sealed.empty());
  writer.Number(1, Micros(record.info.initiated));
  writer.Bytes(2, record.info.storage_class);
  writer.Number(3, static_cast<std::uint64_t>(record.info.checksum));
  writer.Number(4, static_cast<std::uint64_t>(record.info.checksum_type));
  writer.Bytes(5, EncodeAttributes(record.attributes));
  writer.Bytes(6, lock);
  writer.Bytes(7, EncodeKey(record.key.encryption, record.key.sealed));
  return writer.Take();
}

Result<UploadRecord> DecodeUpload(std::string_view bytes) {
  UploadRecord record;
  ALOFT_TRY(Read(bytes, "upload", [&](const FieldReader& reader) {
    switch (reader.id()) {
      case 1: record.info.initiated = At(reader.number()); break;
      case 2: record.info.storage_class = reader.bytes(); break;
      case 3: record.info.checksum = static_cast<ChecksumAlgorithm>(reader.number()); break;
      case 4: record.info.checksum_type = static_cast<ChecksumType>(reader.number()); break;
      case 5: DecodeAttributes(reader.bytes(), record.attributes); break;
      case 6: record.lock = DecodeLock(reader.bytes()); break;
      case 7: DecodeKey(reader.bytes(), record.key.encryption, record.key.sealed); break;
      default: break;
    }
  }));
  record.attributes.storage_class = record.info.storage_class;
  record.info.encryption = record.key.encryption;
  return record;
}

std::string Encode(const RestoredRecord& record) {
  FieldWriter writer = Begin();
  writer.Bytes(1, record.account.value());
  writer.Bytes(2, record.bucket);
  writer.Bytes(3, record.key);
  writer.Bytes(4, record.version);
  return writer.Take();
}

Result<RestoredRecord> DecodeRestored(std::string_view bytes) {
  RestoredRecord record;
  ALOFT_TRY(Read(bytes, "restored version", [&](const FieldReader& reader) {
    switch (reader.id()) {
      case 1: record.account = AccountId(reader.bytes()); break;
      case 2: record.bucket = reader.bytes(); break;
      case 3: record.key = reader.bytes(); break;
      case 4: record.version = reader.bytes(); break;
      default: break;
    }
  }));
  return record;
}

std::string Encode(const PartRecord& record) {
  FieldWriter writer = Begin();
  writer.Bytes(1, EncodePart(record.part));
  for (const auto& segment : record.segments) writer.Item(2, EncodeSegment(segment));
  writer.Bytes(3, record.upload_key);
  return writer.Take();
}

Result<PartRecord> DecodePart(std::string_view bytes) {
  PartRecord record;
  ALOFT_TRY(Read(bytes, "part", [&](const FieldReader& reader) {
    if (reader.id() == 1) record.part = DecodePartFields(reader.bytes());
    if (reader.id() == 2) record.segments.push_back(DecodeSegment(reader.bytes()));
    if (reader.id() == 3) record.upload_key = reader.bytes();
  }));
  return record;
}

}  // namespace aloft::objects
