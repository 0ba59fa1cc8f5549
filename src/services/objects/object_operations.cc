// Objects put, got and copied as a whole.
#include "foundation/base/fault_point.h"
#include "services/objects/body_writer.h"
#include "services/objects/core.h"
#include "services/objects/keys.h"
#include "services/objects/policy.h"
#include "services/objects/versions.h"

namespace aloft::objects {
namespace {

class ObjectPutSession final : public PutSession {
 public:
  ObjectPutSession(Core& core, const AccountId& account, PutRequest request)
      : core_(core),
        account_(account),
        request_(std::move(request)),
        writer_(core, request_.checksum, request_.expected_bytes) {}

  Status Append(ByteView bytes) override { return writer_.Append(bytes); }

  Result<ObjectInfo> Commit(const ExpectedDigests& expected) override {
    ALOFT_ASSIGN(StoredBody body, writer_.Finish(expected));
    ALOFT_FAULT_POINT("objects.put.before_index");
    auto replaced =
        core_.Replace(account_, request_.bucket, request_.key, request_.condition,
                      [&](const Bucket& bucket, kv::Batch& batch) -> Result<Entry> {
                        Entry entry;
                        entry.info.size = body.size;
                        entry.info.etag = HexEncode(AsBytes(body.md5));
                        entry.info.modified = core_.clock.Now();
                        entry.info.attributes = request_.attributes;
                        entry.info.checksum = body.checksum;
                        ALOFT_ASSIGN(entry.info.lock, LockOfNew(bucket, request_.lock, entry.info.modified));
                        entry.segments = body.segments;
                        body.Store(batch, core_, bucket, request_.key);
                        return entry;
                      });
    if (!replaced.ok() && SurelyRefused(replaced.error())) BodyWriter::Discard(core_, body);
    return replaced;
  }

 private:
  Core& core_;
  AccountId account_;
  PutRequest request_;
  BodyWriter writer_;
};

// The checksum of an object's bytes by another algorithm.
Result<Checksum> Recompute(ObjectReader& reader, ChecksumAlgorithm algorithm) {
  Digester digester(algorithm);
  std::vector<std::uint8_t> buffer(256 * 1024);
  for (std::uint64_t offset = 0; offset < reader.info().size;) {
    ALOFT_ASSIGN(std::size_t count, reader.Read(offset, buffer));
    digester.Update(ByteView(buffer).first(count));
    offset += count;
  }
  return digester.Finish().checksum;
}

}  // namespace

Result<ObjectInfo> Service::HeadObject(const AccountId& account, std::string_view bucket, std::string_view key,
                                       const ReadOptions& options) {
  ALOFT_ASSIGN(auto found, core_->FindBucket(account, bucket));
  ALOFT_ASSIGN(Found object, FindObject(*core_, found.record.bucket, key, options.version));
  if (options.allow) ALOFT_TRY(options.allow(object.entry.info));
  return std::move(object.entry.info);
}

Result<ObjectInfo> Service::FindVersion(const AccountId& account, std::string_view bucket, std::string_view key,
                                        std::string_view version) {
  ALOFT_ASSIGN(auto found, core_->FindBucket(account, bucket));
  ALOFT_ASSIGN(auto object, objects::FindVersion(*core_, found.record.bucket, key, version));
  if (object) return std::move(object->entry.info);
  if (version.empty()) return NoSuchKey();
  return Fail(kNoSuchVersion, "The specified version does not exist.");
}

Result<std::unique_ptr<ObjectReader>> Service::GetObject(const AccountId& account, std::string_view bucket,
                                                         std::string_view key, const ReadOptions& options) {
  ALOFT_ASSIGN(auto found, core_->FindBucket(account, bucket));
  kv::Version seen = kv::kAbsent;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(Found object, FindObject(*core_, found.record.bucket, key, options.version));
    if (options.allow) ALOFT_TRY(options.allow(object.entry.info));
    auto reader = core_->OpenReader(found.record.bucket, std::move(object.entry));
    if (reader.ok() || !(reader.error().reason == blob::kNoSuchBlob)) return reader;
    // Overwritten between the look at the index and the look at the bytes: look again. The same entry a second time
    // without its bytes is damage.
    if (object.version == seen) return Fail(kCorrupt, "The object's bytes are missing", Describe(reader.error()));
    seen = object.version;
  }
  return Busy();
}

Result<std::unique_ptr<PutSession>> Service::BeginPut(const AccountId& account, PutRequest request) {
  ALOFT_TRY(CheckKey(request.key, core_->limits));
  ALOFT_TRY(CheckAttributes(request.attributes, core_->limits));
  if (request.expected_bytes > core_->limits.max_put_bytes)
    return Fail(kObjectTooLarge, "Your proposed upload exceeds the maximum allowed size");
  ALOFT_ASSIGN(auto bucket, core_->FindBucketForWrite(account, request.bucket));
  if (IsConditional(request.condition)) {
    // Refuse before the body comes; Commit looks again.
    ALOFT_ASSIGN(auto entry, core_->FindEntry(bucket.record.bucket, request.key));
    bool live = entry && !entry->record.info.is_delete_marker;
    ALOFT_TRY(CheckCondition(request.condition, live ? &entry->record.info : nullptr));
  }
  ALOFT_TRY(LockOfNew(bucket.record.bucket, request.lock, core_->clock.Now()));
  return std::unique_ptr<PutSession>(std::make_unique<ObjectPutSession>(*core_, account, std::move(request)));
}

Result<ObjectInfo> Service::Put(const AccountId& account, PutRequest request, std::string_view body) {
  request.expected_bytes = body.size();
  ALOFT_ASSIGN(auto session, BeginPut(account, std::move(request)));
  ALOFT_TRY(session->Append(AsBytes(body)));
  return session->Commit({});
}

Result<std::string> Service::Get(const AccountId& account, std::string_view bucket, std::string_view key,
                                 std::uint64_t max_bytes) {
  ALOFT_ASSIGN(auto reader, GetObject(account, bucket, key));
  if (reader->info().size > max_bytes) return Fail(kObjectTooLarge, "The object is larger than can be read here");
  std::string body(reader->info().size, '\0');
  ALOFT_ASSIGN(std::size_t count, reader->Read(0, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()}));
  if (count != body.size()) return Fail(kCorrupt, "The object's bytes end early");
  return body;
}

Result<ObjectInfo> Service::CopyObject(const AccountId& account, const CopyRequest& request, const SourceCheck& allow) {
  const PutRequest& target = request.target;
  ALOFT_TRY(CheckKey(target.key, core_->limits));
  ALOFT_TRY(CheckAttributes(target.attributes, core_->limits));
  auto build = [&](const Bucket& bucket, kv::Batch& batch) -> Result<Entry> {
    ALOFT_ASSIGN(auto from, core_->FindBucket(account, request.source_bucket));
    ALOFT_ASSIGN(Found source, FindObject(*core_, from.record.bucket, request.source_key, request.source_version));
    if (allow) ALOFT_TRY(allow(source.entry.info));
    if (source.entry.info.size > core_->limits.max_put_bytes)
      return Fail(kObjectTooLarge,
                  "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120");
    Entry entry;
    entry.info = source.entry.info;
    entry.info.modified = core_->clock.Now();
    if (request.replace_attributes) {
      Pairs tags = std::move(entry.info.attributes.tags);
      entry.info.attributes = target.attributes;
      entry.info.attributes.tags = std::move(tags);
    }
    if (request.replace_tags) entry.info.attributes.tags = target.attributes.tags;
    // The storage class is of the request, never of the source.
    entry.info.attributes.storage_class = target.attributes.storage_class;
    if (!request.keep_checksum && target.checksum != entry.info.checksum.algorithm) {
      ALOFT_ASSIGN(auto reader, core_->OpenReader(from.record.bucket, source.entry));
      ALOFT_ASSIGN(entry.info.checksum, Recompute(*reader, target.checksum));
    }
    ALOFT_ASSIGN(entry.info.lock, LockOfNew(bucket, target.lock, entry.info.modified));
    source.Expect(batch);
    ALOFT_TRY(core_->Share(batch, from.record.bucket, bucket, target.key, source.entry.segments, entry.segments));
    return entry;
  };
  return core_->Replace(account, target.bucket, target.key, target.condition, build);
}

}  // namespace aloft::objects
