// Objects put, got, copied and deleted as a whole.
#include "foundation/base/fault_point.h"
#include "services/objects/body_writer.h"
#include "services/objects/core.h"
#include "services/objects/keys.h"
#include "services/objects/policy.h"

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
    auto replaced = core_.Replace(account_, request_.bucket, request_.key, request_.condition,
                                  [&](const Bucket& bucket, kv::Batch& batch) -> Result<Entry> {
                                    Entry entry;
                                    entry.info.size = body.size;
                                    entry.info.etag = HexEncode(AsBytes(body.md5));
                                    entry.info.modified = core_.clock.Now();
                                    entry.info.attributes = request_.attributes;
                                    entry.info.checksum = body.checksum;
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

Result<ObjectInfo> Service::HeadObject(const AccountId& account, std::string_view bucket, std::string_view key) {
  ALOFT_ASSIGN(auto found, core_->FindBucket(account, bucket));
  ALOFT_ASSIGN(auto entry, core_->FindEntry(found.record.bucket, key));
  if (!entry) return NoSuchKey();
  return std::move(entry->record.info);
}

Result<std::unique_ptr<ObjectReader>> Service::GetObject(const AccountId& account, std::string_view bucket,
                                                         std::string_view key) {
  ALOFT_ASSIGN(auto found, core_->FindBucket(account, bucket));
  kv::Version seen = kv::kAbsent;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto entry, core_->FindEntry(found.record.bucket, key));
    if (!entry) return NoSuchKey();
    auto reader = core_->OpenReader(found.record.bucket, key, std::move(entry->record));
    if (reader.ok() || !(reader.error().reason == blob::kNoSuchBlob)) return reader;
    // Overwritten between the look at the index and the look at the bytes: look again. The same entry a second time
    // without its bytes is damage.
    if (entry->version == seen) return Fail(kCorrupt, "The object's bytes are missing", Describe(reader.error()));
    seen = entry->version;
  }
  return Busy();
}

Result<std::unique_ptr<PutSession>> Service::BeginPut(const AccountId& account, PutRequest request) {
  ALOFT_TRY(CheckKey(request.key, core_->limits));
  ALOFT_TRY(CheckAttributes(request.attributes, core_->limits));
  if (request.expected_bytes > core_->limits.max_put_bytes)
    return Fail(kObjectTooLarge, "Your proposed upload exceeds the maximum allowed size");
  ALOFT_ASSIGN(auto bucket, core_->FindBucketForWrite(account, request.bucket));
  if (request.condition.if_none_match || !request.condition.if_match.empty()) {
    // Refuse before the body comes; Commit looks again.
    ALOFT_ASSIGN(auto entry, core_->FindEntry(bucket.record.bucket, request.key));
    ALOFT_TRY(CheckCondition(request.condition, entry ? &entry->record.info : nullptr));
  }
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

Status Service::DeleteObject(const AccountId& account, std::string_view bucket, std::string_view key,
                             const WriteCondition& condition) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto found, core_->FindBucket(account, bucket));
    ALOFT_ASSIGN(auto entry, core_->FindEntry(found.record.bucket, key));
    if (!entry) return {};
    ALOFT_TRY(CheckCondition(condition, &entry->record.info));
    kv::Batch batch;
    batch.Expect(kIndexSpace, IndexKey(found.record.bucket, key), entry->version);
    batch.Delete(kIndexSpace, IndexKey(found.record.bucket, key));
    core_->Release(batch, found.record.bucket, entry->record.segments);
    auto applied = core_->store.Apply(std::move(batch));
    if (applied.ok()) return {};
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

Result<ObjectInfo> Service::CopyObject(const AccountId& account, const CopyRequest& request, const SourceCheck& allow) {
  const PutRequest& target = request.target;
  ALOFT_TRY(CheckKey(target.key, core_->limits));
  ALOFT_TRY(CheckAttributes(target.attributes, core_->limits));
  auto build = [&](const Bucket& bucket, kv::Batch& batch) -> Result<Entry> {
    ALOFT_ASSIGN(auto from, core_->FindBucket(account, request.source_bucket));
    ALOFT_ASSIGN(auto source, core_->FindEntry(from.record.bucket, request.source_key));
    if (!source) return NoSuchKey();
    if (allow) ALOFT_TRY(allow(source->record.info));
    if (source->record.info.size > core_->limits.max_put_bytes)
      return Fail(kObjectTooLarge,
                  "The specified copy source is larger than the maximum allowable size for a copy "
                  "source: 5368709120");
    Entry entry;
    entry.info = source->record.info;
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
      ALOFT_ASSIGN(auto reader, core_->OpenReader(from.record.bucket, request.source_key, source->record));
      ALOFT_ASSIGN(entry.info.checksum, Recompute(*reader, target.checksum));
    }
    batch.Expect(kIndexSpace, IndexKey(from.record.bucket, request.source_key), source->version);
    ALOFT_TRY(core_->Share(batch, from.record.bucket, bucket, target.key, source->record.segments, entry.segments));
    return entry;
  };
  return core_->Replace(account, target.bucket, target.key, target.condition, build);
}

Status Service::SetTags(const AccountId& account, std::string_view bucket, std::string_view key, Pairs tags) {
  ALOFT_TRY(CheckTags(tags, core_->limits));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto found, core_->FindBucket(account, bucket));
    ALOFT_ASSIGN(auto entry, core_->FindEntry(found.record.bucket, key));
    if (!entry) return NoSuchKey();
    entry->record.info.attributes.tags = tags;
    kv::Batch batch;
    batch.Expect(kIndexSpace, IndexKey(found.record.bucket, key), entry->version);
    batch.Put(kIndexSpace, IndexKey(found.record.bucket, key), Encode(entry->record));
    auto applied = core_->store.Apply(std::move(batch));
    if (applied.ok()) return {};
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

}  // namespace aloft::objects
