// S3's operations on objects, as far as remote blobs and transfers need them. Each is one request, or one page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foundation/s3/client.h"

namespace aloft::s3 {

struct Head {
  std::uint64_t size = 0;
  std::string etag{};  // without quotes
  Time modified{};
  int parts = 0;            // with part number 1 asked for: how many there are; 0: it was put as a whole
  http::Headers headers{};  // all of them
};

// `part` 1 asks for the first part alone: its size is the head's size then. `version` here and below: of the object;
// empty: the latest.
Result<Head> HeadObject(Client& client, const std::string& bucket, const std::string& key, int part = 0,
                        const std::string& version = {});
// `length` bytes from `offset`; fewer at the end. `etag`, where given, must still be the object's: kConditionFailed.
Result<std::string> GetRange(Client& client, const std::string& bucket, const std::string& key, std::uint64_t offset,
                             std::uint64_t length, const std::string& etag = {}, const std::string& version = {});
// The last `length` bytes, or all where there are fewer; and how many there are.
struct Tail {
  std::string bytes{};
  std::uint64_t size = 0;
};
Result<Tail> GetTail(Client& client, const std::string& bucket, const std::string& key, std::uint64_t length);
// The ETag that it has now.
Result<std::string> PutObject(Client& client, const std::string& bucket, const std::string& key, std::string body,
                              const http::Headers& headers = {});
// What is not there is deleted already.
Status DeleteObject(Client& client, const std::string& bucket, const std::string& key);

struct Listed {
  std::string key{};
  std::string version_id{};
  std::uint64_t size = 0;
  std::string etag{};
  std::string storage_class{};
  Time modified{};
  bool is_latest = true;
  bool is_delete_marker = false;
};
struct ListPage {
  std::vector<Listed> objects{};
  std::string next{};  // empty: the last page
};
Result<ListPage> ListObjects(Client& client, const std::string& bucket, const std::string& prefix,
                             const std::string& next = {});
// All versions and delete markers. `next` of a page is for the same call.
Result<ListPage> ListVersions(Client& client, const std::string& bucket, const std::string& prefix,
                              const std::string& next = {});
// Whether the bucket keeps the versions of its keys.
Result<bool> KeepsVersions(Client& client, const std::string& bucket);
Result<std::vector<std::string>> ListBuckets(Client& client);

struct Upload {
  std::string key{};
  std::string id{};
  Time initiated{};
};
struct UploadedPart {
  int number = 0;
  std::string etag{};
  std::uint64_t size = 0;
};
Result<std::string> CreateUpload(Client& client, const std::string& bucket, const std::string& key,
                                 const http::Headers& headers = {});
Result<std::string> UploadPart(Client& client, const std::string& bucket, const std::string& key,
                               const std::string& upload, int number, std::string body);
// The ETag of the object.
Result<std::string> CompleteUpload(Client& client, const std::string& bucket, const std::string& key,
                                   const std::string& upload, const std::vector<UploadedPart>& parts);
Status AbortUpload(Client& client, const std::string& bucket, const std::string& key, const std::string& upload);
// All of them below the prefix, and all parts of one.
Result<std::vector<Upload>> ListUploads(Client& client, const std::string& bucket, const std::string& prefix);
Result<std::vector<UploadedPart>> ListParts(Client& client, const std::string& bucket, const std::string& key,
                                            const std::string& upload);

}  // namespace aloft::s3
