#include "services/objects/records/record_fields.h"

#include "services/objects/records/fields.h"

namespace aloft::objects {
namespace {

std::string EncodePair(const std::pair<std::string, std::string>& pair) {
  FieldWriter writer;
  writer.Bytes(1, pair.first);
  writer.Bytes(2, pair.second);
  return writer.Take();
}

std::pair<std::string, std::string> DecodePair(std::string_view bytes) {
  std::pair<std::string, std::string> pair;
  FieldReader reader(bytes);
  while (reader.Next()) (reader.id() == 1 ? pair.first : pair.second) = reader.bytes();
  return pair;
}

std::string EncodeRetention(const Retention& retention) {
  FieldWriter writer;
  writer.Number(1, static_cast<std::uint64_t>(retention.mode));
  writer.Number(2, Micros(retention.until));
  return writer.Take();
}

}  // namespace

std::string EncodeAttributes(const Attributes& attributes) {
  FieldWriter writer;
  writer.Bytes(1, attributes.content_type);
  writer.Bytes(2, attributes.cache_control);
  writer.Bytes(3, attributes.content_disposition);
  writer.Bytes(4, attributes.content_encoding);
  writer.Bytes(5, attributes.content_language);
  writer.Bytes(6, attributes.expires);
  for (const auto& pair : attributes.metadata) writer.Item(7, EncodePair(pair));
  for (const auto& pair : attributes.tags) writer.Item(8, EncodePair(pair));
  writer.Bytes(9, attributes.acl);
  return writer.Take();
}

void DecodeAttributes(std::string_view bytes, Attributes& attributes) {
  FieldReader reader(bytes);
  while (reader.Next()) {
    switch (reader.id()) {
      case 1: attributes.content_type = reader.bytes(); break;
      case 2: attributes.cache_control = reader.bytes(); break;
      case 3: attributes.content_disposition = reader.bytes(); break;
      case 4: attributes.content_encoding = reader.bytes(); break;
      case 5: attributes.content_language = reader.bytes(); break;
      case 6: attributes.expires = reader.bytes(); break;
      case 7: attributes.metadata.push_back(DecodePair(reader.bytes())); break;
      case 8: attributes.tags.push_back(DecodePair(reader.bytes())); break;
      case 9: attributes.acl = reader.bytes(); break;
      default: break;
    }
  }
}

std::string EncodeChecksum(const Checksum& checksum) {
  FieldWriter writer;
  writer.Number(1, static_cast<std::uint64_t>(checksum.algorithm));
  writer.Number(2, static_cast<std::uint64_t>(checksum.type));
  writer.Bytes(3, checksum.value);
  return writer.Take();
}

Checksum DecodeChecksum(std::string_view bytes) {
  Checksum checksum;
  FieldReader reader(bytes);
  while (reader.Next()) {
    switch (reader.id()) {
      case 1: checksum.algorithm = static_cast<ChecksumAlgorithm>(reader.number()); break;
      case 2: checksum.type = static_cast<ChecksumType>(reader.number()); break;
      case 3: checksum.value = reader.bytes(); break;
      default: break;
    }
  }
  return checksum;
}

std::string EncodePart(const Part& part) {
  FieldWriter writer;
  writer.Number(1, static_cast<std::uint64_t>(part.number));
  writer.Number(2, part.size);
  writer.Bytes(3, part.etag);
  writer.Bytes(4, EncodeChecksum(part.checksum));
  writer.Number(5, Micros(part.modified));
  return writer.Take();
}

Part DecodePartFields(std::string_view bytes) {
  Part part;
  FieldReader reader(bytes);
  while (reader.Next()) {
    switch (reader.id()) {
      case 1: part.number = static_cast<int>(reader.number()); break;
      case 2: part.size = reader.number(); break;
      case 3: part.etag = reader.bytes(); break;
      case 4: part.checksum = DecodeChecksum(reader.bytes()); break;
      case 5: part.modified = At(reader.number()); break;
      default: break;
    }
  }
  return part;
}

std::string EncodeSegment(const Segment& segment) {
  FieldWriter writer;
  writer.Bytes(1, segment.tag);
  writer.Bytes(2, segment.blob.value());
  writer.Number(3, segment.offset);
  writer.Number(4, segment.length);
  writer.Bytes(5, segment.sealed_key);
  writer.Number(6, segment.compressed ? 1 : 0);
  writer.Number(7, segment.archived ? 1 : 0);
  return writer.Take();
}

Segment DecodeSegment(std::string_view bytes) {
  Segment segment;
  FieldReader reader(bytes);
  while (reader.Next()) {
    switch (reader.id()) {
      case 1: segment.tag = reader.bytes(); break;
      case 2: segment.blob = blob::BlobId(reader.bytes()); break;
      case 3: segment.offset = reader.number(); break;
      case 4: segment.length = reader.number(); break;
      case 5: segment.sealed_key = reader.bytes(); break;
      case 6: segment.compressed = reader.number() != 0; break;
      case 7: segment.archived = reader.number() != 0; break;
      default: break;
    }
  }
  return segment;
}

std::string EncodeLock(const Lock& lock) {
  FieldWriter writer;
  if (lock.retention.mode != RetentionMode::kNone) writer.Bytes(1, EncodeRetention(lock.retention));
  writer.Number(2, lock.legal_hold ? 1 : 0);
  return writer.Take();
}

Lock DecodeLock(std::string_view bytes) {
  Lock lock;
  FieldReader reader(bytes);
  while (reader.Next()) {
    if (reader.id() == 2) lock.legal_hold = reader.number() != 0;
    if (reader.id() != 1) continue;
    FieldReader retention(reader.bytes());
    while (retention.Next()) {
      if (retention.id() == 1) lock.retention.mode = static_cast<RetentionMode>(retention.number());
      if (retention.id() == 2) lock.retention.until = At(retention.number());
    }
  }
  return lock;
}

std::string EncodeKey(const Encryption& encryption, std::string_view sealed) {
  FieldWriter writer;
  writer.Number(1, static_cast<std::uint64_t>(encryption.kind));
  writer.Bytes(2, sealed);
  writer.Bytes(3, encryption.kms_key);
  writer.Bytes(4, encryption.context);
  writer.Number(5, encryption.bucket_key ? 1 : 0);
  return writer.Take();
}

void DecodeKey(std::string_view bytes, Encryption& encryption, std::string& sealed) {
  FieldReader reader(bytes);
  while (reader.Next()) {
    switch (reader.id()) {
      case 1: encryption.kind = static_cast<EncryptionKind>(reader.number()); break;
      case 2: sealed = reader.bytes(); break;
      case 3: encryption.kms_key = reader.bytes(); break;
      case 4: encryption.context = reader.bytes(); break;
      case 5: encryption.bucket_key = reader.number() != 0; break;
      default: break;
    }
  }
}

std::string EncodeLockConfiguration(const LockConfiguration& lock) {
  FieldWriter writer;
  writer.Number(1, lock.enabled ? 1 : 0);
  writer.Number(2, static_cast<std::uint64_t>(lock.retention.mode));
  writer.Number(3, static_cast<std::uint64_t>(lock.retention.days));
  writer.Number(4, static_cast<std::uint64_t>(lock.retention.years));
  return writer.Take();
}

LockConfiguration DecodeLockConfiguration(std::string_view bytes) {
  LockConfiguration lock;
  FieldReader reader(bytes);
  while (reader.Next()) {
    switch (reader.id()) {
      case 1: lock.enabled = reader.number() != 0; break;
      case 2: lock.retention.mode = static_cast<RetentionMode>(reader.number()); break;
      case 3: lock.retention.days = static_cast<int>(reader.number()); break;
      case 4: lock.retention.years = static_cast<int>(reader.number()); break;
      default: break;
    }
  }
  return lock;
}

}  // namespace aloft::objects
