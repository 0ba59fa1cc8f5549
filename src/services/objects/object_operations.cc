// Objects put and got as a whole.
#include <algorithm>

#include "foundation/base/fault_point.h"
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

class ObjectPutSession final : public PutSession {
 public:
  ObjectPutSession(Core& core, const Bucket& bucket, PutRequest request, DataKey key)
      : core_(core),
        account_(bucket.account),
        place_(IndexKey(bucket, request.key)),
        request_(std::move(request)),
        key_(std::move(key)),
        writer_(core, request_.checksum, request_.expected_bytes, key_.key,
                ClassOfBytes(request_.attributes.storage_class, key_.stored.encryption.kind)) {}

  Status Append(ByteView bytes) override { return writer_.Append(bytes); }

  Result<ObjectInfo> Commit(const ExpectedDigests& expected) override {
    ALOFT_TRY(Finish(expected));
    return Settled(Replace());
  }

  void CommitSoon(const ExpectedDigests& expected, Later later, std::function<void(Result<ObjectInfo>)> done) override {
    if (auto finished = Finish(expected); !finished.ok()) return done(std::move(finished).error());
    auto told = [this, later = std::move(later), done = std::move(done)](Result<ObjectInfo> made) {
      if (made.ok()) return done(std::move(made));
      // Someone else was faster: again, with patience. Or nobody needs the bytes, which have to be thrown away.
      const bool again = made.error().reason == kv::kVersionMismatch;
      if (!again && !(SurelyRefused(made.error()) && HasBlobs())) return done(std::move(made));
      auto work = [this, again, done, failed = made.error()] { done(Settled(again ? Replace() : failed)); };
      if (!later(std::move(work))) done(Busy());
    };
    core_.ReplaceSoon(account_, request_.bucket, request_.key, request_.condition, kCreatedPut, Builder(),
                      std::move(told));
  }

 private:
  Status Finish(const ExpectedDigests& expected) {
    ALOFT_ASSIGN(body_, writer_.Finish(expected));
    ALOFT_FAULT_POINT("objects.put.before_index");
    return {};
  }

  Result<ObjectInfo> Replace() {
    return core_.Replace(account_, request_.bucket, request_.key, request_.condition, kCreatedPut, Builder());
  }

  Core::Build Builder() {
    return [this](const Bucket& bucket, kv::Batch& batch) -> Result<Entry> {
      // The data key is bound to the place; another bucket may have its name by now.
      if (IndexKey(bucket, request_.key) != place_) return Busy();
      Entry entry;
      entry.info.size = body_.size;
      entry.info.etag = MakeETag(body_.md5, key_);
      entry.SetKey(key_.stored);
      entry.info.modified = core_.clock.Now();
      entry.info.attributes = request_.attributes;
      entry.info.checksum = body_.checksum;
      ALOFT_ASSIGN(entry.info.lock, LockOfNew(bucket, request_.lock, entry.info.modified));
      entry.segments = body_.segments;
      body_.Store(batch, core_, bucket, request_.key);
      return entry;
    };
  }

  bool HasBlobs() const {
    return std::any_of(body_.segments.begin(), body_.segments.end(),
                       [](const Segment& segment) { return !segment.is_inline(); });
  }

  Result<ObjectInfo> Settled(Result<ObjectInfo> replaced) {
    if (!replaced.ok() && SurelyRefused(replaced.error())) BodyWriter::Discard(core_, body_);
    return replaced;
  }

  Core& core_;
  AccountId account_;
  const std::string place_;
  PutRequest request_;
  const DataKey key_;
  BodyWriter writer_;
  StoredBody body_;
};

}  // namespace

Result<ObjectInfo> Service::HeadObject(const AccountId& account, std::string_view bucket, std::string_view key,
                                       const ReadOptions& options) {
  ALOFT_ASSIGN(auto found, core_->FindBucket(account, bucket));
  ALOFT_ASSIGN(Found object, FindObject(*core_, found.record.bucket, key, options.version));
  if (options.allow) ALOFT_TRY(options.allow(object.entry.info));
  // Who does not have a customer's key learns nothing of what it guards.
  if (object.entry.info.encryption.kind == EncryptionKind::kSseC || !options.customer_key.empty())
    ALOFT_TRY(OpenDataKey(*core_, found.record.bucket, key, object.entry.GetKey(), options.customer_key));
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
    ALOFT_ASSIGN(DataKey data_key,
                 OpenDataKey(*core_, found.record.bucket, key, object.entry.GetKey(), options.customer_key));
    auto reader = core_->OpenReader(found.record.bucket, std::move(object.entry), data_key.key);
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
  ALOFT_ASSIGN(DataKey key, MakeDataKey(*core_, bucket.record.bucket, request.key, request.encryption));
  return std::unique_ptr<PutSession>(
      std::make_unique<ObjectPutSession>(*core_, bucket.record.bucket, std::move(request), std::move(key)));
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

}  // namespace aloft::objects
