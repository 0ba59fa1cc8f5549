#include "foundation/codec/base64.h"
#include "foundation/crypto/crc.h"
#include "foundation/crypto/hash.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

using MultipartTest = ObjectsTest;
INSTANTIATE_TEST_SUITE_P(Engines, MultipartTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// Large objects come in parts, in any order; the whole reads as one, also across the seams.
TEST_P(MultipartTest, AssemblesParts) {
  UploadInfo upload = MustCreateUpload("big");
  auto third = PutPart(upload, 7, Bytes(40, 'c'));  // the last part may be small: it lies inline
  auto first = PutPart(upload, 1, Bytes(150, 'a'));
  auto second = PutPart(upload, 2, Bytes(300, 'b'));
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  Restart();
  auto info = objects_->CompleteUpload(account_, Completion(upload, {*first, *second, *third}));
  ASSERT_TRUE(info.ok()) << Describe(info.error());
  std::string whole = Bytes(150, 'a') + Bytes(300, 'b') + Bytes(40, 'c');
  EXPECT_EQ(MustGet("big"), whole);
  std::string md5s = crypto::Md5(Bytes(150, 'a')) + crypto::Md5(Bytes(300, 'b')) + crypto::Md5(Bytes(40, 'c'));
  EXPECT_EQ(info->etag, HexEncode(AsBytes(crypto::Md5(md5s))) + "-3");
  EXPECT_EQ(info->checksum.value, codec::Base64Encode(crypto::CrcBytes(crypto::Crc64Nvme(0, AsBytes(whole)))));
  auto reader = objects_->GetObject(account_, "data", "big");
  ASSERT_TRUE(reader.ok());
  for (std::size_t offset : {0, 149, 150, 449, 450, 489}) {
    std::string got(60, '\0');
    auto count = (*reader)->Read(offset, {reinterpret_cast<std::uint8_t*>(got.data()), got.size()});
    ASSERT_TRUE(count.ok());
    EXPECT_EQ(got.substr(0, *count), whole.substr(offset, 60));
  }
  reader->reset();
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 2u);
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "big"}).ok());
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 0u);
}

// The composite checksum is what the SDKs verify after an upload with CRC32 or SHA-256.
TEST_P(MultipartTest, CompositeChecksum) {
  PutRequest request{.bucket = "data", .key = "k"};
  request.checksum = ChecksumAlgorithm::kSha256;
  auto upload = objects_->CreateUpload(account_, request, ChecksumType::kComposite);
  auto first = PutPart(*upload, 1, Bytes(150, 'a'));
  auto second = PutPart(*upload, 2, Bytes(20, 'b'));
  auto completion = Completion(*upload, {*first, *second});
  completion.parts[0].checksum = codec::Base64Encode(crypto::Sha256("wrong"));
  EXPECT_EQ(objects_->CompleteUpload(account_, completion).error().reason, kInvalidPart);
  completion.parts[0].checksum = codec::Base64Encode(crypto::Sha256(Bytes(150, 'a')));
  auto info = objects_->CompleteUpload(account_, completion);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(
      info->checksum.value,
      codec::Base64Encode(crypto::Sha256(crypto::Sha256(Bytes(150, 'a')) + crypto::Sha256(Bytes(20, 'b')))) + "-2");
}

// A part whose checksum cannot be joined with the others is refused where the upload said which it wants; SDKs send
// CRC32 with parts of uploads that said nothing.
TEST_P(MultipartTest, PartsKeepToTheUploadsChecksum) {
  PutRequest request{.bucket = "data", .key = "k"};
  request.checksum = ChecksumAlgorithm::kSha256;
  auto named = objects_->CreateUpload(account_, request, ChecksumType::kComposite);
  PartRequest part{.bucket = "data", .key = "k", .upload = named->id, .number = 1};
  part.checksum = ChecksumAlgorithm::kCrc32;
  EXPECT_EQ(objects_->BeginPart(account_, part).error().reason, kChecksumMismatch);
  part.checksum = ChecksumAlgorithm::kSha256;
  EXPECT_TRUE(objects_->BeginPart(account_, part).ok());
  part.upload = MustCreateUpload("k").id;
  part.checksum = ChecksumAlgorithm::kCrc32;
  EXPECT_TRUE(objects_->BeginPart(account_, part).ok());
}

// Every way a completion can be wrong is refused and leaves the upload as it was.
TEST_P(MultipartTest, RefusesWrongCompletions) {
  UploadInfo upload = MustCreateUpload("big");
  auto first = PutPart(upload, 1, Bytes(50));
  auto second = PutPart(upload, 2, Bytes(150));
  auto complete = [&](std::vector<Part> parts) {
    return objects_->CompleteUpload(account_, Completion(upload, parts)).error().reason;
  };
  EXPECT_EQ(complete({*second, *first}), kInvalidPartOrder);
  EXPECT_EQ(complete({*second, *second}), kInvalidPartOrder);
  EXPECT_EQ(complete({*first, *second}), kPartTooSmall);
  Part wrong = *second;
  wrong.etag = first->etag;
  EXPECT_EQ(complete({wrong}), kInvalidPart);
  wrong = *second;
  wrong.number = 3;
  EXPECT_EQ(complete({wrong}), kInvalidPart);
  auto request = Completion(upload, {*second});
  request.object_size = 1;
  EXPECT_EQ(objects_->CompleteUpload(account_, request).error().reason, kSizeMismatch);
  request.object_size.reset();
  request.upload = UploadId(std::string(32, '0'));
  EXPECT_EQ(objects_->CompleteUpload(account_, request).error().reason, kNoSuchUpload);
  EXPECT_EQ(objects_->ListParts(account_, "data", "big", upload.id, 0, 10)->parts.size(), 2u);
  EXPECT_EQ(PutPart(upload, 0, "x").error().reason, kInvalidPartNumber);
  EXPECT_EQ(PutPart(upload, 10'001, "x").error().reason, kInvalidPartNumber);
}

// A client that lost the answer asks again and gets the same answer; the part that was left out is given back.
TEST_P(MultipartTest, CompletingTwiceIsOneCompletion) {
  UploadInfo upload = MustCreateUpload("big");
  auto first = PutPart(upload, 1, Bytes(150));
  ASSERT_TRUE(PutPart(upload, 2, Bytes(151)).ok());
  auto request = Completion(upload, {*first});
  request.condition.if_none_match = true;
  auto info = objects_->CompleteUpload(account_, request);
  ASSERT_TRUE(info.ok());
  auto again = objects_->CompleteUpload(account_, request);
  ASSERT_TRUE(again.ok()) << Describe(again.error());
  EXPECT_EQ(again->etag, info->etag);
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 1u);
  MustPut("big", "other");
  EXPECT_FALSE(objects_->CompleteUpload(account_, request).ok());
}

// Repeating a part replaces it; aborting gives everything back.
TEST_P(MultipartTest, ReplaceAndAbort) {
  UploadInfo upload = MustCreateUpload("big");
  ASSERT_TRUE(PutPart(upload, 1, Bytes(150)).ok());
  ASSERT_TRUE(PutPart(upload, 1, Bytes(160)).ok());
  EXPECT_EQ(objects_->ListParts(account_, "data", "big", upload.id, 0, 10)->parts[0].size, 160u);
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 1u);
  ASSERT_TRUE(objects_->AbortUpload(account_, "data", "big", upload.id).ok());
  EXPECT_EQ(PutPart(upload, 2, Bytes(10)).error().reason, kNoSuchUpload);
  EXPECT_EQ(objects_->AbortUpload(account_, "data", "big", upload.id).error().reason, kNoSuchUpload);
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 0u);
  EXPECT_EQ(objects_->HeadObject(account_, "data", "big").error().reason, kNoSuchKey);
}

// Parts copied from objects share their bytes; small or scattered ranges are written anew. Both read right.
TEST_P(MultipartTest, CopiesParts) {
  MustPut("source", Bytes(1000));
  UploadInfo upload = MustCreateUpload("big");
  PartRequest part{.bucket = "data", .key = "big", .upload = upload.id, .number = 1};
  auto whole = objects_->CopyPart(account_, part, {.bucket = "data", .key = "source"});
  ASSERT_TRUE(whole.ok()) << Describe(whole.error());
  EXPECT_EQ(whole->etag, HexEncode(AsBytes(crypto::Md5(Bytes(1000)))));
  part.number = 2;
  auto range = objects_->CopyPart(account_, part, {.bucket = "data", .key = "source", .range = CopyRange{10, 200}});
  ASSERT_TRUE(range.ok());
  part.number = 3;
  auto small = objects_->CopyPart(account_, part, {.bucket = "data", .key = "source", .range = CopyRange{990, 10}});
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(blobs_.count(), 1u);
  part.number = 4;
  EXPECT_EQ(objects_->CopyPart(account_, part, {.bucket = "data", .key = "source", .range = CopyRange{990, 11}})
                .error()
                .reason,
            kInvalidCopyRange);
  ASSERT_TRUE(objects_->CompleteUpload(account_, Completion(upload, {*whole, *range, *small})).ok());
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "source"}).ok());
  ReclaimAll();
  EXPECT_EQ(MustGet("big"), Bytes(1000) + Bytes(1000).substr(10, 200) + Bytes(1000).substr(990));
  CopyRequest copy{.source_bucket = "data", .source_key = "big", .target = {.bucket = "data", .key = "copy"}};
  ASSERT_TRUE(objects_->CopyObject(account_, copy).ok());
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "big"}).ok());
  ReclaimAll();
  EXPECT_EQ(MustGet("copy").size(), 1210u);
}

// A part that lands while its upload is being completed must not stay behind for ever.
TEST_P(MultipartTest, SweepRemovesPartsWithoutUpload) {
  UploadInfo upload = MustCreateUpload("big");
  auto first = PutPart(upload, 1, Bytes(150));
  auto part = store_->Scan("objects.part", {});
  ASSERT_TRUE(objects_->CompleteUpload(account_, Completion(upload, {*first})).ok());
  UploadInfo other = MustCreateUpload("other");
  ASSERT_TRUE(PutPart(other, 1, Bytes(150)).ok());
  kv::Batch batch;  // the upload vanishes as if its server had died after completing it
  auto uploads = store_->Scan("objects.upload", {});
  batch.Delete("objects.upload", uploads->entries.at(0).key);
  ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  clock_.Advance(std::chrono::hours(2));
  ASSERT_TRUE(objects_->SweepOrphans(std::chrono::hours(1)).ok());
  EXPECT_TRUE(store_->Scan("objects.part", {})->entries.empty());
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 1u);
  EXPECT_EQ(MustGet("big"), Bytes(150));
}

// Uploads are listed by key, then by age, in pages; a key's prefix hides none of another's.
TEST_P(MultipartTest, ListsUploads) {
  std::vector<std::string> ids;
  for (const char* key : {"a", "a/1", "a/2", "b", "b"}) {
    clock_.Advance(std::chrono::milliseconds(1));
    ids.push_back(MustCreateUpload(key).id.value());
  }
  auto page = objects_->ListUploads(account_, {.bucket = "data", .prefix = {}, .delimiter = "/"});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->common_prefixes, std::vector<std::string>{"a/"});
  EXPECT_EQ(page->uploads.size(), 3u);
  std::vector<std::string> seen;
  ListUploadsRequest request{.bucket = "data"};
  request.max_uploads = 2;
  while (true) {
    auto next = objects_->ListUploads(account_, request);
    ASSERT_TRUE(next.ok());
    for (const auto& upload : next->uploads) seen.push_back(upload.id.value());
    if (!next->truncated) break;
    request.key_marker = next->next_key_marker;
    request.upload_id_marker = next->next_upload_id_marker;
  }
  EXPECT_EQ(seen, ids);
}

// The name of an upload ends before the zero byte that its id follows: a prefix that goes on with one names nothing
// here. The fuzzer found the upload of "a" listed below "a" and a zero byte.
TEST_P(MultipartTest, PrefixEndsWithTheName) {
  const UploadInfo upload = MustCreateUpload("a");
  for (const std::string& prefix :
       {std::string("a\0", 2), "a" + std::string(1, '\0') + upload.id.value().substr(0, 4)}) {
    auto page = objects_->ListUploads(account_, {.bucket = "data", .prefix = prefix});
    ASSERT_TRUE(page.ok());
    EXPECT_TRUE(page->uploads.empty());
  }
}

}  // namespace
}  // namespace aloft::objects
