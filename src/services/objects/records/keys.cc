#include "services/objects/records/keys.h"

#include "foundation/base/check.h"

namespace aloft::objects {
namespace {

// Accounts, regions, buckets and blob ids hold no zero byte; object keys may, and are always last or followed by a part
// of fixed length.
std::string Join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (std::string_view part : parts) {
    out += part;
    out += '\0';
  }
  return out;
}

std::string BigEndian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string Place(const Bucket& bucket) {
  return Join({bucket.account.value(), bucket.region.value()});
}

}  // namespace

std::string OwnedKey(const AccountId& account, std::string_view bucket) {
  return Join({account.value()}) + std::string(bucket);
}

std::string IndexPrefix(const Bucket& bucket) {
  return Join({bucket.account.value(), bucket.region.value(), bucket.name});
}

std::string IndexKey(const Bucket& bucket, std::string_view key) {
  return IndexPrefix(bucket).append(key);
}

// Zero bytes become 00 ff and the end is 00 01, so that escaped names order like the names themselves.
std::string EscapeName(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (char c : name) {
    out += c;
    if (c == '\0') out += '\xff';
  }
  return out;
}

std::string VersionPrefix(const Bucket& bucket, std::string_view key) {
  return IndexPrefix(bucket).append(EscapeName(key)).append("\0\1", 2);
}

std::string VersionKey(const Bucket& bucket, std::string_view key, std::string_view position) {
  return VersionPrefix(bucket, key).append(position);
}

Result<VersionName> SplitVersionKey(std::string_view rest) {
  VersionName split;
  for (std::size_t i = 0; i + 1 < rest.size(); ++i) {
    if (rest[i] != '\0') {
      split.name += rest[i];
    } else if (rest[++i] == '\xff') {
      split.name += '\0';
    } else {
      split.position = rest.substr(i + 1);
      if (split.position.size() == kPositionBytes) return split;
      break;
    }
  }
  return Fail(kCorrupt, "A stored record cannot be read", "version key");
}

std::string InlineKey(const Bucket& bucket, std::string_view tag) {
  return Place(bucket).append(tag);
}

std::string SettingKey(const Bucket& bucket, std::string_view name) {
  return IndexPrefix(bucket).append(name);
}

std::string UploadPrefix(const Bucket& bucket) {
  return IndexPrefix(bucket);
}

std::string UploadKey(const Bucket& bucket, std::string_view key, const UploadId& upload) {
  return UploadPrefix(bucket).append(key).append(1, '\0').append(upload.value());
}

std::string PartPrefix(const Bucket& bucket, const UploadId& upload) {
  return Place(bucket).append(upload.value());
}

std::string PartKey(const Bucket& bucket, const UploadId& upload, int number) {
  return PartPrefix(bucket, upload) + BigEndian(static_cast<std::uint64_t>(number), 2);
}

std::string HolderPrefix(const blob::BlobId& blob) {
  return Join({blob.value()});
}

std::string HolderKey(const blob::BlobId& blob, std::string_view tag) {
  return HolderPrefix(blob).append(tag);
}

std::string GarbageKey(Time released, const blob::BlobId& blob, std::string_view tag) {
  return BigEndian(static_cast<std::uint64_t>(ToMicros(released)), 8) + Join({blob.value()}).append(tag);
}

std::string RestoredKey(Time expires, std::string_view tag) {
  return BigEndian(static_cast<std::uint64_t>(ToMicros(expires)), 8).append(tag);
}

Time GarbageTime(std::string_view key) {
  std::uint64_t micros = 0;
  for (std::size_t i = 0; i < 8 && i < key.size(); ++i) micros = (micros << 8) | static_cast<unsigned char>(key[i]);
  return FromMicros(static_cast<std::int64_t>(micros));
}

blob::BlobId GarbageBlob(std::string_view key) {
  std::string_view rest = key.size() < 8 ? std::string_view() : key.substr(8);
  return blob::BlobId(rest.substr(0, rest.find('\0')));
}

std::string After(std::string_view prefix) {
  std::string out(prefix);
  while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff) out.pop_back();
  if (!out.empty()) out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
  return out;
}

}  // namespace aloft::objects
