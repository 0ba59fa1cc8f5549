#include "services/objects/records.h"

#include "services/objects/fields.h"

namespace aloft::objects {
namespace {

constexpr char kVersion = 1;

Error Broken(std::string_view what) {
  return Fail(kCorrupt, "A stored record cannot be read", std::string(what));
}

std::uint64_t Micros(Time time) {
  return static_cast<std::uint64_t>(ToMicros(time));
}
Time At(std::uint64_t micros) {
  return FromMicros(static_cast<std::int64_t>(micros));
}

// Runs `field` for each field after the version byte.
template <class Field>
Status Read(std::string_view bytes, std::string_view what, const Field& field) {
  if (bytes.empty() || bytes.front() != kVersion) return Broken(what);
  FieldReader reader(bytes.substr(1));
  while (reader.Next()) field(reader);
  if (!reader.ok()) return Broken(what);
  return {};
}

FieldWriter Begin() {
  FieldWriter writer;
  writer.Raw(kVersion);
  return writer;
}

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
      default: break;
    }
  }
  return segment;
}

// Fields 1 to 5 of an entry, which listings show.
void ReadSummaryField(const FieldReader& reader, ObjectInfo& info) {
  switch (reader.id()) {
    case 1: info.size = reader.number(); break;
    case 2: info.modified = At(reader.number()); break;
    case 3: info.etag = reader.bytes(); break;
    case 4: info.attributes.storage_class = reader.bytes(); break;
    case 5: info.checksum = DecodeChecksum(reader.bytes()); break;
    default: break;
  }
}

}  // namespace

std::string Encode(const BucketRecord& record) {
  FieldWriter writer = Begin();
  writer.Bytes(1, record.bucket.name);
  writer.Bytes(2, record.bucket.account.value());
  writer.Bytes(3, record.bucket.region.value());
  writer.Number(4, Micros(record.bucket.created));
  writer.Number(5, Micros(record.closing_since));
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
      default: break;
    }
  }));
  return record;
}

std::string Encode(const Entry& entry) {
  FieldWriter writer = Begin();
  writer.Number(1, entry.info.size);
  writer.Number(2, Micros(entry.info.modified));
  writer.Bytes(3, entry.info.etag);
  writer.Bytes(4, entry.info.attributes.storage_class);
  writer.Bytes(5, EncodeChecksum(entry.info.checksum));
  writer.Bytes(6, EncodeAttributes(entry.info.attributes));
  for (const auto& segment : entry.segments) writer.Item(7, EncodeSegment(segment));
  for (const auto& part : entry.info.parts) writer.Item(8, EncodePart(part));
  writer.Bytes(9, entry.upload);
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
      default: ReadSummaryField(reader, entry.info);
    }
  }));
  return entry;
}

Result<ObjectInfo> DecodeSummary(std::string_view bytes) {
  ObjectInfo info;
  if (bytes.empty() || bytes.front() != kVersion) return Broken("object");
  FieldReader reader(bytes.substr(1));
  while (reader.Next() && reader.id() <= 5) ReadSummaryField(reader, info);
  if (!reader.ok()) return Broken("object");
  return info;
}

std::string Encode(const UploadRecord& record) {
  FieldWriter writer = Begin();
  writer.Number(1, Micros(record.info.initiated));
  writer.Bytes(2, record.info.storage_class);
  writer.Number(3, static_cast<std::uint64_t>(record.info.checksum));
  writer.Number(4, static_cast<std::uint64_t>(record.info.checksum_type));
  writer.Bytes(5, EncodeAttributes(record.attributes));
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
      default: break;
    }
  }));
  record.attributes.storage_class = record.info.storage_class;
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
