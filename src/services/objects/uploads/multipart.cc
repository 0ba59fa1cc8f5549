// Uploads in parts: beginning one, its parts. A part keeps its bytes as an object does. The end is in completion.cc.
#include <algorithm>

#include "foundation/base/fault_point.h"
#include "services/objects/contract/policy.h"
#include "services/objects/engine/body_writer.h"
#include "services/objects/engine/encryption.h"
#include "services/objects/engine/versions.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"
#include "services/objects/uploads/uploads.h"

namespace aloft::objects {
namespace {

Status CheckPartNumber(int number, const Limits& limits) {
  if (number >= 1 && number <= limits.max_parts) return {};
  return Fail(kInvalidPartNumber,
              "Part number must be an integer between 1 and " + std::to_string(limits.max_parts) + ", inclusive");
}

Status CheckPartChecksum(const UploadInfo& upload, ChecksumAlgorithm algorithm) {
  // An upload that names no algorithm takes parts with any, as SDKs send them unasked. CRC64NVME is what it has then.
  bool named = upload.checksum != ChecksumAlgorithm::kNone && upload.checksum != ChecksumAlgorithm::kCrc64Nvme;
  if (!named || upload.checksum == algorithm) return {};
  return Fail(kChecksumMismatch,
              "Checksum Type mismatch occurred, expected checksum Type: " + ToLower(ToString(upload.checksum)) +
                  ", actual checksum Type: " + ToLower(ToString(algorithm)));
}

// Puts the part that `build` makes, unless the upload ends meanwhile; what the number held before is released.
Result<Part> ReplacePart(Core& core, const AccountId& account, const PartRequest& request,
                         const std::function<Result<PartRecord>(const Bucket&, kv::Batch&)>& build) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto found, core.FindBucket(account, request.bucket));
    const Bucket& bucket = found.record.bucket;
    ALOFT_ASSIGN(auto upload, core.FindUpload(bucket, request.key, request.upload));
    std::string key = PartKey(bucket, request.upload, request.number);
    ALOFT_ASSIGN(auto current, core.store.Get(kPartSpace, key));
    kv::Batch batch;
    auto built = build(bucket, batch);
    if (!built.ok()) {
      if (built.error().reason == blob::kNoSuchBlob) continue;  // the source of a copy changed
      return std::move(built).error();
    }
    PartRecord record = std::move(built).value();
    record.part.number = request.number;
    record.part.modified = core.clock.Now();
    record.upload_key = UploadKey(bucket, request.key, request.upload);
    batch.Expect(kUploadSpace, record.upload_key, upload.version);
    batch.Expect(kPartSpace, key, current ? current->version : kv::kAbsent);
    if (current) {
      ALOFT_ASSIGN(PartRecord old, DecodePart(current->value));
      core.Release(batch, bucket, old.segments);
    }
    batch.Put(kPartSpace, key, Encode(record));
    auto applied = core.store.Apply(std::move(batch));
    if (applied.ok()) return std::move(record.part);
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

class UploadPartSession final : public PartSession {
 public:
  UploadPartSession(Core& core, const AccountId& account, PartRequest request, DataKey key,
                    const std::string& storage_class)
      : core_(core),
        account_(account),
        request_(std::move(request)),
        key_(std::move(key)),
        writer_(core, request_.checksum, request_.expected_bytes, key_.key,
                ClassOfBytes(storage_class, key_.stored.encryption.kind)) {}

  Status Append(ByteView bytes) override { return writer_.Append(bytes); }

  Result<Part> Commit(const ExpectedDigests& expected) override {
    ALOFT_ASSIGN(StoredBody body, writer_.Finish(expected));
    ALOFT_FAULT_POINT("objects.part.before_index");
    auto part =
        ReplacePart(core_, account_, request_, [&](const Bucket& bucket, kv::Batch& batch) -> Result<PartRecord> {
          PartRecord record;
          record.part.size = body.size;
          record.part.etag = MakeETag(body.md5, key_);
          record.part.checksum = body.checksum;
          record.segments = body.segments;
          body.Store(batch, core_, bucket, request_.key);
          return record;
        });
    if (!part.ok() && SurelyRefused(part.error())) BodyWriter::Discard(core_, body);
    return part;
  }

 private:
  Core& core_;
  AccountId account_;
  PartRequest request_;
  const DataKey key_;
  BodyWriter writer_;
};

struct OpenUpload {
  UploadRecord record;
  DataKey key;
};

Result<OpenUpload> FindOpenUpload(Core& core, const AccountId& account, const PartRequest& request) {
  ALOFT_ASSIGN(auto bucket, core.FindBucket(account, request.bucket));
  ALOFT_ASSIGN(auto upload, core.FindUpload(bucket.record.bucket, request.key, request.upload));
  ALOFT_ASSIGN(DataKey key,
               OpenDataKey(core, bucket.record.bucket, request.key, upload.record.key, request.customer_key));
  return OpenUpload{std::move(upload.record), std::move(key)};
}

}  // namespace

Result<UploadInfo> CreateUpload(Core& core, const AccountId& account, const PutRequest& request, ChecksumType type) {
  ALOFT_TRY(CheckKey(request.key, core.limits));
  ALOFT_TRY(CheckAttributes(request.attributes, core.limits));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto found, core.FindBucketForWrite(account, request.bucket));
    UploadRecord record;
    record.info.key = request.key;
    record.info.id = UploadId(HexEncode(AsBytes(core.NewTag())));
    record.info.initiated = core.clock.Now();
    record.info.storage_class = request.attributes.storage_class;
    record.info.checksum = request.checksum;
    record.info.checksum_type = type;
    record.attributes = request.attributes;
    record.lock = request.lock;
    ALOFT_ASSIGN(DataKey key, MakeDataKey(core, found.record.bucket, request.key, request.encryption));
    record.key = std::move(key.stored);
    record.info.encryption = record.key.encryption;
    ALOFT_TRY(LockOfNew(found.record.bucket, request.lock, record.info.initiated));
    kv::Batch batch;
    batch.Expect(kBucketSpace, request.bucket, found.version);
    batch.Put(kUploadSpace, UploadKey(found.record.bucket, request.key, record.info.id), Encode(record));
    auto applied = core.store.Apply(std::move(batch));
    if (applied.ok()) return std::move(record.info);
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

Result<UploadInfo> FindUpload(Core& core, const AccountId& account, std::string_view bucket, std::string_view key,
                              const UploadId& upload) {
  ALOFT_ASSIGN(auto found, core.FindBucket(account, bucket));
  ALOFT_ASSIGN(auto record, core.FindUpload(found.record.bucket, key, upload));
  return std::move(record.record.info);
}

Result<std::unique_ptr<PartSession>> BeginPart(Core& core, const AccountId& account, PartRequest request) {
  ALOFT_TRY(CheckPartNumber(request.number, core.limits));
  if (request.expected_bytes > core.limits.max_put_bytes)
    return Fail(kObjectTooLarge, "Your proposed upload exceeds the maximum allowed size");
  ALOFT_ASSIGN(OpenUpload upload, FindOpenUpload(core, account, request));
  if (request.checksum == ChecksumAlgorithm::kNone) request.checksum = upload.record.info.checksum;
  ALOFT_TRY(CheckPartChecksum(upload.record.info, request.checksum));
  return std::unique_ptr<PartSession>(std::make_unique<UploadPartSession>(
      core, account, std::move(request), std::move(upload.key), upload.record.info.storage_class));
}

Result<PartsPage> ListParts(Core& core, const AccountId& account, std::string_view bucket, std::string_view key,
                            const UploadId& upload, int after, std::size_t limit) {
  ALOFT_ASSIGN(auto found, core.FindBucket(account, bucket));
  ALOFT_ASSIGN(auto record, core.FindUpload(found.record.bucket, key, upload));
  PartsPage page;
  page.upload = std::move(record.record.info);
  // At most 10,000 small records: read all, show a page.
  ALOFT_ASSIGN(auto parts, core.FindParts(found.record.bucket, upload));
  for (auto& part : parts) {
    if (part.record.part.number <= after) continue;
    if (page.parts.size() == limit) {
      page.truncated = true;
      break;
    }
    page.parts.push_back(std::move(part.record.part));
  }
  return page;
}

Result<Part> CopyPart(Core& core, const AccountId& account, const PartRequest& request, const PartSource& copied) {
  const auto& [source_account, source_bucket, source_key, range, options] = copied;
  ALOFT_TRY(CheckPartNumber(request.number, core.limits));
  ALOFT_ASSIGN(OpenUpload upload, FindOpenUpload(core, account, request));
  ALOFT_ASSIGN(auto from, core.FindBucket(source_account.empty() ? account : source_account, source_bucket));
  ALOFT_ASSIGN(Found source, FindObject(core, from.record.bucket, source_key, options.version));
  if (options.allow) ALOFT_TRY(options.allow(source.entry.info));
  ALOFT_ASSIGN(DataKey source_data_key,
               OpenDataKey(core, from.record.bucket, source_key, source.entry.GetKey(), options.customer_key));
  auto opened = core.OpenReader(from.record.bucket, source.entry, source_data_key.key);
  if (!opened.ok() && opened.error().reason == blob::kNoSuchBlob) return Busy();  // overwritten between the two looks
  ALOFT_ASSIGN(auto reader, std::move(opened));
  CopyRange bytes = range.value_or(CopyRange{0, reader->info().size});
  if (bytes.offset + bytes.length > reader->info().size || (range && bytes.length == 0))
    return Fail(kInvalidCopyRange, "The specified copy range is not valid for source object of size: " +
                                       std::to_string(reader->info().size));
  // A part has an MD5 of its own, so its bytes are read; they are written again only where they cannot be shared.
  std::vector<Segment> cut;
  std::uint64_t at = 0;
  ALOFT_ASSIGN(auto readable, source.entry.Readable(core.clock.Now()));
  for (const auto& segment : *readable) {
    std::uint64_t begin = std::max(at, bytes.offset);
    std::uint64_t end = std::min(at + segment.length, bytes.offset + bytes.length);
    if (begin < end) {
      Segment piece = segment;
      piece.offset += begin - at;
      piece.length = end - begin;
      cut.push_back(std::move(piece));
    }
    at += segment.length;
  }
  bool sharable = !GoesToArchive(core, upload.record.attributes) &&
                  source_data_key.key.has_value() == upload.key.key.has_value() && cut.size() <= kMaxSharedSegments &&
                  bytes.length > core.limits.inline_bytes &&
                  std::none_of(cut.begin(), cut.end(), [](const Segment& s) { return s.is_inline(); });
  const UploadInfo& info = upload.record.info;
  ChecksumAlgorithm algorithm = request.checksum == ChecksumAlgorithm::kNone ? info.checksum : request.checksum;
  std::vector<std::uint8_t> buffer(256 * 1024);
  auto each = [&](const std::function<Status(ByteView)>& take) -> Status {
    for (std::uint64_t done = 0; done < bytes.length;) {
      auto want = std::min<std::uint64_t>(buffer.size(), bytes.length - done);
      ALOFT_ASSIGN(std::size_t count,
                   reader->Read(bytes.offset + done, std::span(buffer).first(static_cast<std::size_t>(want))));
      if (count == 0) return Fail(kCorrupt, "The object's bytes end early");
      ALOFT_TRY(take(ByteView(buffer).first(count)));
      done += count;
    }
    return {};
  };
  if (!sharable) {
    PartRequest put = request;
    put.checksum = algorithm;
    put.expected_bytes = bytes.length;
    UploadPartSession session(core, account, std::move(put), upload.key, upload.record.info.storage_class);
    ALOFT_TRY(each([&](ByteView piece) { return session.Append(piece); }));
    return session.Commit({});
  }
  if (bytes.length > core.limits.max_put_bytes)
    return Fail(kObjectTooLarge, "Your proposed upload exceeds the maximum allowed size");
  Digester digester(algorithm);
  ALOFT_TRY(each([&](ByteView piece) -> Status {
    digester.Update(piece);
    return {};
  }));
  auto digests = digester.Finish();
  return ReplacePart(core, account, request, [&](const Bucket& bucket, kv::Batch& batch) -> Result<PartRecord> {
    PartRecord record;
    record.part.size = bytes.length;
    record.part.etag = MakeETag(digests.md5, upload.key);
    record.part.checksum = digests.checksum;
    // The source must still be what was digested, else its blobs may be on their way out.
    ALOFT_ASSIGN(auto again, core.store.Get(source.space, source.key));
    if (!again || again->version != source.version) return Busy();
    source.Expect(batch);
    Core::Sharing sharing{from.record.bucket, source_data_key.key, bucket, request.key, upload.key.key};
    ALOFT_TRY(core.Share(batch, sharing, cut, record.segments));
    return record;
  });
}

}  // namespace aloft::objects
