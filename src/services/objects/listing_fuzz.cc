// Any token, marker, prefix and delimiter against one bucket: each page is in order, and pages come to an end.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"
#include "foundation/base/check.h"
#include "foundation/blob/store.h"
#include "foundation/kv/store.h"
#include "services/objects/service.h"

using namespace aloft;           // NOLINT(google-build-using-namespace)
using namespace aloft::objects;  // NOLINT(google-build-using-namespace)

namespace {

// Small bodies lie beside the index: no blob is ever made.
class NoBlobs final : public blob::Store {
 public:
  Result<std::unique_ptr<blob::Writer>> Create(std::uint64_t, const std::optional<blob::FrameKey>&) override {
    return Fail(kInternal, "no blobs");
  }
  Result<std::unique_ptr<blob::Reader>> Open(const blob::BlobId&, const std::optional<blob::FrameKey>&) override {
    return Fail(kInternal, "no blobs");
  }
  Status Verify(const blob::BlobId&) override { return {}; }
  Status Delete(const blob::BlobId&) override { return {}; }
  Status List(const std::function<bool(const blob::BlobId&, Time)>&) override { return {}; }
};

struct Bucketful {
  Bucketful() {
    auto opened = kv::Store::Open({.engine = kv::Engine::kMemory}, Log::Discard());
    ALOFT_CHECK(opened.ok());
    store = std::move(*opened);
    service = std::make_unique<Service>(*store, blobs, clock, random, Log::Discard());
    ALOFT_CHECK(service->CreateBucket(account, Region("us-east-1"), "data").ok());
    ALOFT_CHECK(service->SetVersioning(account, "data", Versioning::kEnabled).ok());
    for (const char* key :
         {"a", "a/", "a/b", "a/b/c", "a/c", "aa", "b", "b//", "b/c", "\xc3\xbf", "z\x01", "a", "b/c", "b/c"})
      ALOFT_CHECK(service->Put(account, {.bucket = "data", .key = key}, "").ok());
    for (const char* key : {"a", "u", "u/v", "u/v"})
      ALOFT_CHECK(service->CreateUpload(account, {.bucket = "data", .key = key}, ChecksumType::kFullObject).ok());
  }
  const AccountId account{"111122223333"};
  ManualClock clock;
  SeededRandom random{7};
  NoBlobs blobs;
  std::unique_ptr<kv::Store> store;
  std::unique_ptr<Service> service;
};

// Nothing of the bucket is listed more often than it is there.
constexpr int kMostPages = 40;

void Objects(Bucketful& in, ListRequest request) {
  std::string last;
  for (int pages = 0;; ++pages) {
    ALOFT_CHECK(pages < kMostPages);
    const auto page = in.service->ListObjects(in.account, request);
    if (!page.ok()) {
      ALOFT_CHECK(pages == 0);  // a token of ours is always taken
      return;
    }
    for (const ObjectInfo& each : page->objects) {
      ALOFT_CHECK(each.key.starts_with(request.prefix) && last < each.key);
      last = each.key;
    }
    if (!page->truncated) return;
    ALOFT_CHECK(!page->next_token.empty());
    request.continuation_token = page->next_token;
  }
}

void Versions(Bucketful& in, ListVersionsRequest request) {
  for (int pages = 0;; ++pages) {
    ALOFT_CHECK(pages < kMostPages);
    const auto page = in.service->ListVersions(in.account, request);
    if (!page.ok()) return;
    for (const ObjectInfo& each : page->versions) ALOFT_CHECK(each.key.starts_with(request.prefix));
    if (!page->truncated) return;
    request.key_marker = page->next_key_marker;
    request.version_id_marker = page->next_version_id_marker;
  }
}

void Uploads(Bucketful& in, ListUploadsRequest request) {
  for (int pages = 0;; ++pages) {
    ALOFT_CHECK(pages < kMostPages);
    const auto page = in.service->ListUploads(in.account, request);
    if (!page.ok()) return;
    for (const UploadInfo& each : page->uploads) ALOFT_CHECK(each.key.starts_with(request.prefix));
    if (!page->truncated) return;
    request.key_marker = page->next_key_marker;
    request.upload_id_marker = page->next_upload_id_marker;
  }
}

}  // namespace

// The first byte is the size of a page; then, a line each, prefix, delimiter, marker, the marker's second part, token.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* in = new Bucketful();
  if (size == 0) return 0;
  std::vector<std::string_view> lines = Split({reinterpret_cast<const char*>(data) + 1, size - 1}, '\n');
  lines.resize(5);
  const auto line = [&](std::size_t i) { return std::string(lines[i]); };
  const std::size_t limit = data[0] % 8;
  Objects(*in, {.bucket = "data",
                .prefix = line(0),
                .delimiter = line(1),
                .start_after = line(2),
                .continuation_token = line(4),
                .max_keys = limit});
  Versions(*in, {.bucket = "data",
                 .prefix = line(0),
                 .delimiter = line(1),
                 .key_marker = line(2),
                 .version_id_marker = line(3),
                 .max_keys = limit});
  Uploads(*in, {.bucket = "data",
                .prefix = line(0),
                .delimiter = line(1),
                .key_marker = line(2),
                .upload_id_marker = line(3),
                .max_uploads = limit});
  return 0;
}
