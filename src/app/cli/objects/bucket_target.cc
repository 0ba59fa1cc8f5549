// Objects into a bucket. Where the endpoint allows it the copy gets the same ETag as its source, by the same cut into
// parts, so that the two can be compared ever after; else the source's ETag goes along as metadata.
#include <algorithm>

#include "app/cli/objects/object_digest.h"
#include "app/cli/objects/transfer.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/uri.h"
#include "foundation/codec/xml.h"

namespace aloft::app {
namespace {

constexpr std::uint64_t kMostInOne = 64u << 20;  // goes up as a whole; also the most that lies in memory at once
constexpr std::uint64_t kLeastPart = 16u << 20;
constexpr std::uint64_t kMostParts = 10'000;
constexpr const char* kSourceEtag = "x-amz-meta-aloft-source-etag";

// Whether the endpoint keeps an MD5 as the ETag of what it was sent.
bool KeepsMd5(const http::Headers& headers) {
  return !headers.Get("x-amz-server-side-encryption").starts_with("aws:kms") &&
         !headers.Has("x-amz-server-side-encryption-customer-algorithm");
}

Result<std::string> TagsOf(const SourceObject& object) {
  if (object.head.headers.Get("x-amz-tagging-count").empty()) return std::string();
  s3::Request request{.bucket = object.bucket, .key = object.key, .query = {{"tagging", ""}}};
  if (!object.version.empty()) request.query.emplace_back("versionId", object.version);
  ALOFT_ASSIGN(auto answer, object.client.Call(request));
  ALOFT_ASSIGN(auto root, codec::ParseXml(answer.body));
  std::string text;
  if (const auto* set = root.Child("TagSet"))
    for (const auto& tag : set->children)
      text += (text.empty() ? "" : "&") + codec::PercentEncode(tag.ChildText("Key")) + "=" +
              codec::PercentEncode(tag.ChildText("Value"));
  return text;
}

// What the owner said of the source, to be said of the copy.
Result<http::Headers> HeadersOf(const SourceObject& object) {
  static constexpr std::string_view kKept[] = {
      "content-type", "cache-control",    "content-disposition", "content-language",
      "expires",      "content-encoding", "x-amz-storage-class", "x-amz-website-redirect-location"};
  static constexpr std::string_view kElsewhere[] = {"EXPRESS_ONEZONE", "OUTPOSTS", "SNOW", "REDUCED_REDUNDANCY"};
  http::Headers headers;
  for (const auto& [name, value] : object.head.headers.fields()) {
    std::string lower = ToLower(name);
    bool metadata = lower.starts_with("x-amz-meta-") && lower != kSourceEtag;
    if (!metadata && std::find(std::begin(kKept), std::end(kKept), lower) == std::end(kKept)) continue;
    if (lower == "x-amz-storage-class" &&
        std::find(std::begin(kElsewhere), std::end(kElsewhere), value) != std::end(kElsewhere))
      continue;
    headers.Add(lower, value);
  }
  ALOFT_ASSIGN(std::string tags, TagsOf(object));
  if (!tags.empty()) headers.Add("x-amz-tagging", std::move(tags));
  return headers;
}

class BucketTarget final : public Target {
 public:
  BucketTarget(s3::Client& client, S3Path path) : client_(client), path_(std::move(path)) {}

  Result<bool> Has(const s3::Listed& object, const std::string& name) override {
    auto there = s3::HeadObject(client_, path_.bucket, path_.prefix + name);
    if (!there.ok() && there.error().reason == s3::kNotFound) return false;
    // A key that is absent looks forbidden to who may not list.
    if (!there.ok() && there.error().reason == s3::kDenied) return false;
    if (!there.ok()) return std::move(there).error();
    return there->size == object.size && (there->etag == object.etag || there->headers.Get(kSourceEtag) == object.etag);
  }

  Status Take(const SourceObject& object, const std::string& name, const Moved& moved) override {
    ALOFT_ASSIGN(http::Headers headers, HeadersOf(object));
    const std::string key = path_.prefix + name;
    std::uint64_t size = object.head.size;
    // Its own cut gives the same ETag.
    const auto& cut = object.part_sizes;
    bool same_cut = object.verifiable() && !cut.empty() && *std::max_element(cut.begin(), cut.end()) <= kMostInOne;
    bool whole = size <= kMostInOne && PartsOf(object.head.etag) == 0;
    if (!(whole || same_cut) || !object.verifiable()) headers.Add(kSourceEtag, object.head.etag);
    if (whole || size == 0) return PutWhole(object, key, headers, moved);
    return PutParts(object, key, headers, same_cut ? cut : EvenCut(size), same_cut, moved);
  }

  Result<std::vector<s3::Listed>> Versions(const std::string& name) override {
    const std::string key = path_.prefix + name;
    std::vector<s3::Listed> found;
    std::string next;
    do {
      ALOFT_ASSIGN(auto page, s3::ListVersions(client_, path_.bucket, key, next));
      next = std::move(page.next);
      for (auto& version : page.objects) {
        if (version.key == key)
          found.push_back(std::move(version));
        else
          next.clear();  // other names begin with this one, and come later
      }
    } while (!next.empty());
    std::reverse(found.begin(), found.end());
    return found;
  }

  Result<bool> IsCopy(const s3::Listed& there, const s3::Listed& object) override {
    if (there.is_delete_marker || object.is_delete_marker) return there.is_delete_marker && object.is_delete_marker;
    if (there.size != object.size) return false;
    if (there.etag == object.etag) return true;
    ALOFT_ASSIGN(auto head, s3::HeadObject(client_, path_.bucket, there.key, 0, there.version_id));
    return head.headers.Get(kSourceEtag) == object.etag;
  }

  Status Mark(const std::string& name) override { return s3::DeleteObject(client_, path_.bucket, path_.prefix + name); }

 private:
  static std::vector<std::uint64_t> EvenCut(std::uint64_t size) {
    std::uint64_t part = std::max(kLeastPart, size / (kMostParts - 1) + 1);
    std::vector<std::uint64_t> sizes(size / part, part);
    if (size % part > 0) sizes.push_back(size % part);
    return sizes;
  }

  static Error Damaged(const SourceObject& object) {
    return Fail(kCorrupt, "s3://" + object.bucket + "/" + object.key + ": the bytes are not those that its ETag names");
  }

  Status PutWhole(const SourceObject& object, const std::string& key, const http::Headers& headers,
                  const Moved& moved) {
    ALOFT_ASSIGN(std::string bytes, object.Read(0, object.head.size));
    std::string md5 = HexEncode(AsBytes(crypto::Md5(bytes)));
    if (object.verifiable() && LooksLikeMd5(object.head.etag) && md5 != ToLower(object.head.etag))
      return Damaged(object);
    std::uint64_t size = bytes.size();
    ALOFT_ASSIGN(std::string etag, s3::PutObject(client_, path_.bucket, key, std::move(bytes), headers));
    moved(size);
    return CheckCopy(key, etag, md5, size);
  }

  // An upload of this key that an earlier run began.
  Result<std::string> FindUpload(const std::string& key) {
    auto uploads = s3::ListUploads(client_, path_.bucket, key);
    if (!uploads.ok()) return std::string();  // not everybody may list them
    std::string found;
    Time newest{};
    for (const auto& upload : *uploads)
      if (upload.key == key && (found.empty() || upload.initiated > newest)) {
        found = upload.id;
        newest = upload.initiated;
      }
    return found;
  }

  Status PutParts(const SourceObject& object, const std::string& key, const http::Headers& headers,
                  const std::vector<std::uint64_t>& cut, bool same_cut, const Moved& moved) {
    ALOFT_ASSIGN(std::string upload, FindUpload(key));
    std::vector<s3::UploadedPart> there;
    if (!upload.empty()) {
      ALOFT_ASSIGN(there, s3::ListParts(client_, path_.bucket, key, upload));
    } else {
      ALOFT_ASSIGN(upload, s3::CreateUpload(client_, path_.bucket, key, headers));
    }
    auto sent = SendParts(object, key, upload, cut, same_cut, there, moved);
    if (sent.ok()) return sent;
    // What was sent stays for the next run, unless it is wrong.
    if (sent.error().reason == kCorrupt || sent.error().reason == s3::kConditionFailed)
      static_cast<void>(s3::AbortUpload(client_, path_.bucket, key, upload));
    return sent;
  }

  Status SendParts(const SourceObject& object, const std::string& key, const std::string& upload,
                   const std::vector<std::uint64_t>& cut, bool same_cut, const std::vector<s3::UploadedPart>& there,
                   const Moved& moved) {
    ObjectDigest digest;
    std::uint64_t offset = 0;
    std::vector<s3::UploadedPart> parts;
    std::vector<std::string> etags;
    for (std::uint64_t length : cut) {
      const std::uint64_t from = offset;
      offset += length;
      int number = static_cast<int>(parts.size()) + 1;
      auto known = std::find_if(there.begin(), there.end(), [&](const s3::UploadedPart& part) {
        return part.number == number && part.size == length && LooksLikeMd5(part.etag);
      });
      // With the same cut the object's ETag will tell whether all parts are right; else the bytes are needed for it.
      if (same_cut && known != there.end()) {
        parts.push_back(*known);
        etags.push_back(known->etag);
        moved(length);
        continue;
      }
      ALOFT_ASSIGN(std::string bytes, object.Read(from, length));
      digest.Update(AsBytes(bytes));
      std::string md5 = HexEncode(AsBytes(crypto::Md5(bytes)));
      etags.push_back(md5);
      std::string etag = md5;
      if (known == there.end() || ToLower(known->etag) != md5) {
        ALOFT_ASSIGN(etag, s3::UploadPart(client_, path_.bucket, key, upload, number, std::move(bytes)));
      }
      parts.push_back({number, std::move(etag), length});
      moved(length);
    }
    std::string made = CompositeOf(etags);
    bool by_whole = !same_cut && object.verifiable() && LooksLikeMd5(object.head.etag);
    if (same_cut && made != ToLower(object.head.etag)) return Damaged(object);
    if (by_whole && digest.Whole() != ToLower(object.head.etag)) return Damaged(object);
    ALOFT_ASSIGN(std::string etag, s3::CompleteUpload(client_, path_.bucket, key, upload, parts));
    return CheckCopy(key, etag, made, object.head.size);
  }

  // The endpoint keeps what it was sent: its ETag says so, or where that is no MD5, its size.
  Status CheckCopy(const std::string& key, const std::string& etag, const std::string& wanted, std::uint64_t size) {
    if (ToLower(etag) == wanted) return {};
    ALOFT_ASSIGN(s3::Head there, s3::HeadObject(client_, path_.bucket, key));
    if (there.size == size && (ToLower(there.etag) == wanted || !KeepsMd5(there.headers))) return {};
    return Fail(kCorrupt, "s3://" + path_.bucket + "/" + key + " is not what was sent there");
  }

  s3::Client& client_;
  const S3Path path_;
};

}  // namespace

std::unique_ptr<Target> MakeBucketTarget(s3::Client& client, S3Path path) {
  return std::make_unique<BucketTarget>(client, std::move(path));
}

}  // namespace aloft::app
