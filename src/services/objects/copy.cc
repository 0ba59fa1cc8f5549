// CopyObject: bytes are shared where both objects' keys allow it, else written again.
#include "services/objects/contract/policy.h"
#include "services/objects/engine/body_writer.h"
#include "services/objects/engine/core.h"
#include "services/objects/engine/encryption.h"
#include "services/objects/engine/versions.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"
#include "services/objects/service.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

Status ReadAll(ObjectReader& reader, const std::function<Status(ByteView)>& take) {
  std::vector<std::uint8_t> buffer(kPiece);
  for (std::uint64_t offset = 0; offset < reader.info().size;) {
    ALOFT_ASSIGN(std::size_t count, reader.Read(offset, buffer));
    if (count == 0) return Fail(kCorrupt, "The object's bytes end early");
    ALOFT_TRY(take(ByteView(buffer).first(count)));
    offset += count;
  }
  return {};
}

Result<Digester::Digests> Recompute(ObjectReader& reader, ChecksumAlgorithm algorithm) {
  Digester digester(algorithm);
  ALOFT_TRY(ReadAll(reader, [&](ByteView bytes) -> Status {
    digester.Update(bytes);
    return {};
  }));
  return digester.Finish();
}

Result<StoredBody> Rewrite(Core& core, ObjectReader& reader, const DataKey& key, const std::string& storage_class) {
  BodyWriter writer(core, ChecksumAlgorithm::kNone, reader.info().size, key.key,
                    ClassOfBytes(storage_class, key.stored.encryption.kind));
  ALOFT_TRY(ReadAll(reader, [&](ByteView bytes) { return writer.Append(bytes); }));
  return writer.Finish({});
}

class Copy {
 public:
  Copy(Core& core, const AccountId& account, const CopyRequest& request, const ObjectCheck& allow)
      : core_(core), account_(account), request_(request), allow_(allow) {}

  Result<ObjectInfo> Run() {
    const PutRequest& target = request_.target;
    ALOFT_ASSIGN(auto bucket, core_.FindBucketForWrite(account_, target.bucket));
    place_ = IndexKey(bucket.record.bucket, target.key);
    ALOFT_ASSIGN(key_, MakeDataKey(core_, bucket.record.bucket, target.key, target.encryption));
    auto copied = core_.Replace(account_, target.bucket, target.key, target.condition, kCreatedCopy,
                                [&](const Bucket& into, kv::Batch& batch) { return Build(into, batch); });
    if (body_ && !copied.ok() && SurelyRefused(copied.error())) BodyWriter::Discard(core_, *body_);
    return copied;
  }

 private:
  Result<Entry> Build(const Bucket& bucket, kv::Batch& batch) {
    const PutRequest& target = request_.target;
    if (IndexKey(bucket, target.key) != place_) return Busy();
    const AccountId& source_account = request_.source_account.empty() ? account_ : request_.source_account;
    ALOFT_ASSIGN(auto from, core_.FindBucket(source_account, request_.source_bucket));
    ALOFT_ASSIGN(Found source, FindObject(core_, from.record.bucket, request_.source_key, request_.source_version));
    if (allow_) ALOFT_TRY(allow_(source.entry.info));
    if (source.entry.info.size > core_.limits.max_put_bytes)
      return Fail(kObjectTooLarge,
                  "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120");
    ALOFT_ASSIGN(DataKey source_key, OpenDataKey(core_, from.record.bucket, request_.source_key, source.entry.GetKey(),
                                                 request_.source_customer_key));
    ALOFT_ASSIGN(auto readable, source.entry.Readable(core_.clock.Now()));
    Entry entry;
    ALOFT_ASSIGN(entry.info, Describe(bucket, source.entry.info));
    entry.SetKey(key_.stored);
    source.Expect(batch);
    // What goes to the archive is written there.
    bool share = source_key.key.has_value() == key_.key.has_value() && !GoesToArchive(core_, target.attributes);
    bool other_checksum = !request_.keep_checksum && target.checksum != entry.info.checksum.algorithm;
    std::unique_ptr<ObjectReader> reader;
    // Clients take an ETag for the MD5 unless they see that a key of somebody else's guards the bytes.
    const bool was_foreign = IsForeign(source.entry.info.encryption.kind);
    const bool foreign = IsForeign(key_.stored.encryption.kind);
    const bool new_etag = was_foreign != foreign && entry.info.parts.empty();
    if (!share || other_checksum || new_etag) {
      ALOFT_ASSIGN(reader, core_.OpenReader(from.record.bucket, source.entry, source_key.key));
    }
    if (other_checksum || new_etag) {
      ALOFT_ASSIGN(auto digests, Recompute(*reader, other_checksum ? target.checksum : ChecksumAlgorithm::kNone));
      if (other_checksum) entry.info.checksum = std::move(digests.checksum);
      if (new_etag) entry.info.etag = MakeETag(digests.md5, key_);
    }
    if (share) {
      Core::Sharing sharing{from.record.bucket, source_key.key, bucket, target.key, key_.key};
      ALOFT_TRY(core_.Share(batch, sharing, *readable, entry.segments));
      return entry;
    }
    if (!body_ || written_version_ != source.version) {
      if (body_) BodyWriter::Discard(core_, *body_);
      body_.reset();
      ALOFT_ASSIGN(body_, Rewrite(core_, *reader, key_, target.attributes.storage_class));
      written_version_ = source.version;
    }
    entry.segments = body_->segments;
    body_->Store(batch, core_, bucket, target.key);
    return entry;
  }

  // What the new object says of itself.
  Result<ObjectInfo> Describe(const Bucket& bucket, const ObjectInfo& source) {
    const PutRequest& target = request_.target;
    ObjectInfo info;
    info.size = source.size;
    info.etag = source.etag;
    info.checksum = source.checksum;
    info.parts = source.parts;
    info.modified = core_.clock.Now();
    info.attributes = request_.replace_attributes ? target.attributes : source.attributes;
    info.attributes.tags = request_.replace_tags ? target.attributes.tags : source.attributes.tags;
    // The storage class is of the request, never of the source; so is the lock.
    info.attributes.storage_class = target.attributes.storage_class;
    info.attributes.acl = target.attributes.acl;
    ALOFT_ASSIGN(info.lock, LockOfNew(bucket, target.lock, info.modified));
    return info;
  }

  Core& core_;
  const AccountId& account_;
  const CopyRequest& request_;
  const ObjectCheck& allow_;
  std::string place_;
  DataKey key_;
  std::optional<StoredBody> body_;  // the bytes written again, of the source at written_version_
  kv::Version written_version_ = kv::kAbsent;
};

}  // namespace

Result<ObjectInfo> Service::CopyObject(const AccountId& account, const CopyRequest& request, const SourceCheck& allow) {
  ALOFT_TRY(CheckKey(request.target.key, core_->limits));
  ALOFT_TRY(CheckAttributes(request.target.attributes, core_->limits));
  return Copy(*core_, account, request, allow).Run();
}

}  // namespace aloft::objects
