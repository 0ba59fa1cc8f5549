#include "foundation/s3/operations.h"

#include <algorithm>
#include <charconv>

#include "foundation/codec/time.h"
#include "foundation/codec/uri.h"
#include "foundation/codec/xml.h"

namespace aloft::s3 {
namespace {

std::string Unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

template <class Number>
Number ToNumber(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Listings come URL-encoded, with '+' for spaces at some endpoints.
std::string Decoded(std::string_view text) {
  std::string plus(text);
  std::replace(plus.begin(), plus.end(), '+', ' ');
  return codec::PercentDecode(plus).value_or(std::string(text));
}

Time ToTime(std::string_view text) {
  return codec::ParseIso8601(text).value_or(Time{});
}

Listed ReadListed(const codec::XmlElement& element) {
  Listed listed;
  listed.key = Decoded(element.ChildText("Key"));
  listed.version_id = element.ChildText("VersionId");
  listed.size = ToNumber<std::uint64_t>(element.ChildText("Size"));
  listed.etag = Unquoted(element.ChildText("ETag"));
  listed.storage_class = element.ChildText("StorageClass");
  listed.modified = ToTime(element.ChildText("LastModified"));
  listed.is_latest = element.ChildText("IsLatest") != "false";
  listed.is_delete_marker = element.name == "DeleteMarker";
  return listed;
}

Result<codec::XmlElement> Answer(Client& client, const Request& request) {
  ALOFT_ASSIGN(auto response, client.Call(request));
  // A page of a thousand keys of a thousand bytes each, encoded.
  return codec::ParseXml(response.body, {.max_depth = 8, .max_bytes = 16u << 20, .max_elements = 100'000});
}

}  // namespace

Result<Head> HeadObject(Client& client, const std::string& bucket, const std::string& key, int part,
                        const std::string& version) {
  Request request{.method = "HEAD", .bucket = bucket, .key = key};
  if (part > 0) request.query.emplace_back("partNumber", std::to_string(part));
  if (!version.empty()) request.query.emplace_back("versionId", version);
  ALOFT_ASSIGN(auto response, client.Call(request));
  Head head;
  head.size = ToNumber<std::uint64_t>(response.headers.Get("Content-Length"));
  head.etag = Unquoted(response.headers.Get("ETag"));
  head.modified = codec::ParseHttpDate(response.headers.Get("Last-Modified")).value_or(Time{});
  head.parts = ToNumber<int>(response.headers.Get("x-amz-mp-parts-count"));
  head.headers = std::move(response.headers);
  return head;
}

Result<std::string> GetRange(Client& client, const std::string& bucket, const std::string& key, std::uint64_t offset,
                             std::uint64_t length, const std::string& etag, const std::string& version) {
  if (length == 0) return std::string();
  Request request{.method = "GET", .bucket = bucket, .key = key};
  if (!version.empty()) request.query.emplace_back("versionId", version);
  request.headers.Add("Range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1));
  if (!etag.empty()) request.headers.Add("If-Match", "\"" + etag + "\"");
  ALOFT_ASSIGN(auto response, client.Call(request));
  // An endpoint that ignores ranges answers with everything.
  if (response.status == 200 && (offset > 0 || response.body.size() > length)) {
    if (offset >= response.body.size()) return std::string();
    return response.body.substr(offset, length);
  }
  return std::move(response.body);
}

Result<Tail> GetTail(Client& client, const std::string& bucket, const std::string& key, std::uint64_t length) {
  Request request{.method = "GET", .bucket = bucket, .key = key};
  request.headers.Add("Range", "bytes=-" + std::to_string(length));
  ALOFT_ASSIGN(auto response, client.Call(request));
  Tail tail{.bytes = std::move(response.body), .size = 0};
  std::string_view range = response.headers.Get("Content-Range");  // "bytes 0-9/10"
  auto slash = range.rfind('/');
  tail.size = slash == std::string_view::npos ? tail.bytes.size() : ToNumber<std::uint64_t>(range.substr(slash + 1));
  return tail;
}

Result<std::string> PutObject(Client& client, const std::string& bucket, const std::string& key, std::string body,
                              const http::Headers& headers) {
  Request request{.method = "PUT", .bucket = bucket, .key = key, .headers = headers, .body = std::move(body)};
  ALOFT_ASSIGN(auto response, client.Call(request));
  return Unquoted(response.headers.Get("ETag"));
}

Status DeleteObject(Client& client, const std::string& bucket, const std::string& key) {
  auto response = client.Call({.method = "DELETE", .bucket = bucket, .key = key});
  if (!response.ok() && !(response.error().reason == kNotFound)) return std::move(response).error();
  return {};
}

Result<ListPage> ListObjects(Client& client, const std::string& bucket, const std::string& prefix,
                             const std::string& next) {
  Request request{.bucket = bucket};
  request.query = {{"encoding-type", "url"}, {"list-type", "2"}, {"prefix", prefix}};
  if (!next.empty()) request.query.emplace_back("continuation-token", next);
  ALOFT_ASSIGN(auto root, Answer(client, request));
  ListPage page;
  for (const auto& child : root.children)
    if (child.name == "Contents") page.objects.push_back(ReadListed(child));
  if (root.ChildText("IsTruncated") == "true") page.next = root.ChildText("NextContinuationToken");
  return page;
}

Result<ListPage> ListVersions(Client& client, const std::string& bucket, const std::string& prefix,
                              const std::string& next) {
  Request request{.bucket = bucket};
  request.query = {{"encoding-type", "url"}, {"prefix", prefix}, {"versions", ""}};
  // Two markers in one: keys hold no NUL in any listing.
  auto split = next.find('\0');
  if (split != std::string::npos) {
    request.query.emplace_back("key-marker", next.substr(0, split));
    if (split + 1 < next.size()) request.query.emplace_back("version-id-marker", next.substr(split + 1));
  }
  ALOFT_ASSIGN(auto root, Answer(client, request));
  ListPage page;
  for (const auto& child : root.children)
    if (child.name == "Version" || child.name == "DeleteMarker") page.objects.push_back(ReadListed(child));
  if (root.ChildText("IsTruncated") == "true")
    page.next = Decoded(root.ChildText("NextKeyMarker")) + '\0' + std::string(root.ChildText("NextVersionIdMarker"));
  return page;
}

Result<bool> KeepsVersions(Client& client, const std::string& bucket) {
  Request request{.bucket = bucket};
  request.query = {{"versioning", ""}};
  ALOFT_ASSIGN(auto root, Answer(client, request));
  return root.ChildText("Status") == "Enabled";
}

Result<std::vector<std::string>> ListBuckets(Client& client) {
  ALOFT_ASSIGN(auto root, Answer(client, {}));
  std::vector<std::string> names;
  if (const auto* buckets = root.Child("Buckets"))
    for (const auto& bucket : buckets->children) names.emplace_back(bucket.ChildText("Name"));
  return names;
}

Result<std::string> CreateUpload(Client& client, const std::string& bucket, const std::string& key,
                                 const http::Headers& headers) {
  Request request{.method = "POST", .bucket = bucket, .key = key, .query = {{"uploads", ""}}, .headers = headers};
  ALOFT_ASSIGN(auto root, Answer(client, request));
  std::string id(root.ChildText("UploadId"));
  if (id.empty()) return Fail(kRefused, "s3://" + bucket + "/" + key + ": the endpoint began no upload");
  return id;
}

Result<std::string> UploadPart(Client& client, const std::string& bucket, const std::string& key,
                               const std::string& upload, int number, std::string body) {
  Request request{.method = "PUT", .bucket = bucket, .key = key, .body = std::move(body)};
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
  ALOFT_ASSIGN(auto response, client.Call(request));
  return Unquoted(response.headers.Get("ETag"));
}

Result<std::string> CompleteUpload(Client& client, const std::string& bucket, const std::string& key,
                                   const std::string& upload, const std::vector<UploadedPart>& parts) {
  Request request{.method = "POST", .bucket = bucket, .key = key, .query = {{"uploadId", upload}}};
  codec::XmlWriter xml(request.body, false);
  xml.Open("CompleteMultipartUpload");
  for (const auto& part : parts)
    xml.Open("Part").Element("PartNumber", part.number).Element("ETag", "\"" + part.etag + "\"").Close();
  xml.Close();
  ALOFT_ASSIGN(auto root, Answer(client, request));
  // This one answer may be 200 and an error: docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload
  if (root.name == "Error")
    return Fail(kUnavailable, "s3://" + bucket + "/" + key + ": " + std::string(root.ChildText("Code")) + " (" +
                                  std::string(root.ChildText("Message")) + ")");
  return Unquoted(root.ChildText("ETag"));
}

Status AbortUpload(Client& client, const std::string& bucket, const std::string& key, const std::string& upload) {
  auto response = client.Call({.method = "DELETE", .bucket = bucket, .key = key, .query = {{"uploadId", upload}}});
  if (!response.ok() && !(response.error().reason == kNotFound)) return std::move(response).error();
  return {};
}

Result<std::vector<Upload>> ListUploads(Client& client, const std::string& bucket, const std::string& prefix) {
  std::vector<Upload> uploads;
  std::string key_marker, id_marker;
  while (true) {
    Request request{.bucket = bucket};
    request.query = {{"encoding-type", "url"}, {"prefix", prefix}, {"uploads", ""}};
    if (!key_marker.empty()) request.query.emplace_back("key-marker", key_marker);
    if (!id_marker.empty()) request.query.emplace_back("upload-id-marker", id_marker);
    ALOFT_ASSIGN(auto root, Answer(client, request));
    for (const auto& child : root.children)
      if (child.name == "Upload")
        uploads.push_back({Decoded(child.ChildText("Key")), std::string(child.ChildText("UploadId")),
                           ToTime(child.ChildText("Initiated"))});
    key_marker = Decoded(root.ChildText("NextKeyMarker"));
    id_marker = root.ChildText("NextUploadIdMarker");
    if (root.ChildText("IsTruncated") != "true" || key_marker.empty()) return uploads;
  }
}

Result<std::vector<UploadedPart>> ListParts(Client& client, const std::string& bucket, const std::string& key,
                                            const std::string& upload) {
  std::vector<UploadedPart> parts;
  while (true) {
    Request request{.bucket = bucket, .key = key, .query = {{"uploadId", upload}}};
    if (!parts.empty()) request.query.emplace_back("part-number-marker", std::to_string(parts.back().number));
    ALOFT_ASSIGN(auto root, Answer(client, request));
    std::size_t before = parts.size();
    for (const auto& child : root.children)
      if (child.name == "Part")
        parts.push_back({ToNumber<int>(child.ChildText("PartNumber")), Unquoted(child.ChildText("ETag")),
                         ToNumber<std::uint64_t>(child.ChildText("Size"))});
    if (root.ChildText("IsTruncated") != "true" || parts.size() == before) return parts;
  }
}

}  // namespace aloft::s3
