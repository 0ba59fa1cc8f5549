#include "services/objects/engine/encryption.h"

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/wipe.h"
#include "platform/keys/keyring.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

// What a sealed data key is bound to.
std::string KeyContext(const Bucket& bucket, std::string_view key) {
  return "objects/data-key/" + IndexKey(bucket, key);
}

// What a KMS key's use is bound to and shows in its log.
std::string ArnOf(const Bucket& bucket, std::string_view key, const Encryption& encryption) {
  std::string arn = "arn:aws:s3:::" + bucket.name;
  return encryption.bucket_key ? arn : arn.append("/").append(key);
}

bool IsKms(EncryptionKind kind) {
  return kind == EncryptionKind::kSseKms || kind == EncryptionKind::kDsseKms;
}

Error NoKeys() {
  return Fail(kUnimplemented, "This installation has no key for that kind of encryption");
}

Result<blob::FrameKey> ToFrameKey(std::string bytes) {
  auto key = blob::FrameKey::FromBytes(bytes);
  crypto::Wipe(bytes);
  if (!key) return Fail(kCorrupt, "The object's key cannot be read", "a data key of a wrong size");
  return *key;
}

Result<blob::FrameKey> CustomerKey(std::string_view bytes) {
  auto key = blob::FrameKey::FromBytes(bytes);
  if (!key)
    return Fail(kCustomerKeyMissing,
                "The object was stored using a form of Server Side Encryption. The correct parameters must be provided "
                "to retrieve the object.");
  return *key;
}

std::string SegmentContext(const Segment& segment) {
  return "objects/segment/" + segment.tag;
}

}  // namespace

Result<DataKey> MakeDataKey(Core& core, const Bucket& bucket, std::string_view key, const EncryptionRequest& wanted) {
  DataKey made;
  Encryption& shown = made.stored.encryption;
  shown.kind = wanted.kind;
  if (shown.kind == EncryptionKind::kNone && core.keys.encrypt_by_default) shown.kind = EncryptionKind::kSseS3;
  if (shown.kind == EncryptionKind::kNone) return made;
  if (IsKms(shown.kind)) {
    if (core.keys.key_service == nullptr) return NoKeys();
    shown.context = wanted.context;
    shown.bucket_key = wanted.bucket_key;
    ALOFT_ASSIGN(auto drawn, core.keys.key_service->GenerateDataKey(bucket.account, bucket.region, wanted.kms_key,
                                                                    wanted.context, ArnOf(bucket, key, shown)));
    shown.kms_key = std::move(drawn.kms_key);
    made.stored.sealed = std::move(drawn.sealed);
    ALOFT_ASSIGN(made.key, ToFrameKey(std::move(drawn.plaintext)));
    return made;
  }
  made.key = blob::FrameKey::Draw(core.random);
  if (shown.kind == EncryptionKind::kSseC) {
    ALOFT_ASSIGN(blob::FrameKey customer, CustomerKey(wanted.customer_key));
    made.stored.sealed = blob::SealInline(customer, made.key->bytes(), KeyContext(bucket, key), core.random);
  } else {
    if (core.keys.keyring == nullptr) return NoKeys();
    made.stored.sealed = core.keys.keyring->Seal(made.key->bytes(), KeyContext(bucket, key));
  }
  return made;
}

Result<DataKey> OpenDataKey(Core& core, const Bucket& bucket, std::string_view key, const StoredKey& stored,
                            std::string_view customer_key) {
  const Encryption& shown = stored.encryption;
  if (!customer_key.empty() && shown.kind != EncryptionKind::kSseC)
    return Fail(kCustomerKeyUnwanted, "The encryption parameters are not applicable to this object.");
  DataKey opened{.key = std::nullopt, .stored = stored};
  if (shown.kind == EncryptionKind::kNone) return opened;
  if (IsKms(shown.kind)) {
    if (core.keys.key_service == nullptr) return NoKeys();
    ALOFT_ASSIGN(std::string bytes, core.keys.key_service->Decrypt(bucket.account, shown.kms_key, stored.sealed,
                                                                   shown.context, ArnOf(bucket, key, shown)));
    ALOFT_ASSIGN(opened.key, ToFrameKey(std::move(bytes)));
  } else if (shown.kind == EncryptionKind::kSseC) {
    ALOFT_ASSIGN(blob::FrameKey customer, CustomerKey(customer_key));
    auto bytes = blob::OpenInline(customer, stored.sealed, KeyContext(bucket, key));
    if (!bytes.ok() && bytes.error().reason == blob::kFrameKeyWrong)
      return Fail(kCustomerKeyWrong, "The calculated MD5 hash of the key did not match the hash that was provided.");
    if (!bytes.ok()) return std::move(bytes).error();
    ALOFT_ASSIGN(opened.key, ToFrameKey(std::move(*bytes)));
  } else {
    if (core.keys.keyring == nullptr) return NoKeys();
    ALOFT_ASSIGN(std::string bytes, core.keys.keyring->Open(stored.sealed, KeyContext(bucket, key)));
    ALOFT_ASSIGN(opened.key, ToFrameKey(std::move(bytes)));
  }
  return opened;
}

Result<std::optional<blob::FrameKey>> SegmentKey(const Segment& segment, const std::optional<blob::FrameKey>& object) {
  if (!object || segment.sealed_key.empty()) return object;
  ALOFT_ASSIGN(std::string bytes, blob::OpenInline(*object, segment.sealed_key, SegmentContext(segment)));
  ALOFT_ASSIGN(blob::FrameKey key, ToFrameKey(std::move(bytes)));
  return std::optional(key);
}

std::string SealBody(Core& core, const Segment& segment, const std::optional<blob::FrameKey>& object,
                     std::string body) {
  return object ? blob::SealInline(*object, body, SegmentContext(segment), core.random) : std::move(body);
}

Result<std::string> OpenBody(const Segment& segment, const std::optional<blob::FrameKey>& object, std::string stored) {
  if (!object) return stored;
  return blob::OpenInline(*object, stored, SegmentContext(segment));
}

void SealSegmentKey(Core& core, Segment& segment, const blob::FrameKey& bytes_key, const blob::FrameKey& object) {
  segment.sealed_key = blob::SealInline(object, bytes_key.bytes(), SegmentContext(segment), core.random);
}

bool IsForeign(EncryptionKind kind) {
  return kind != EncryptionKind::kNone && kind != EncryptionKind::kSseS3;
}

std::string MakeETag(std::string_view md5, const DataKey& key) {
  if (!IsForeign(key.stored.encryption.kind)) return HexEncode(AsBytes(md5));
  std::string secret(key.key->bytes());
  std::string etag = HexEncode(AsBytes(crypto::Md5(secret + std::string(md5))));
  crypto::Wipe(secret);
  return etag;
}

}  // namespace aloft::objects
