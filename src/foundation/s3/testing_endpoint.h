// A small S3 endpoint behind real HTTP for tests: checks every signature, keeps objects in a map, fails on demand. Test
// code only.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>

#include "foundation/codec/time.h"
#include "foundation/codec/uri.h"
#include "foundation/codec/xml.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/http/server.h"
#include "foundation/s3/client.h"

namespace aloft::s3 {

// One bucket, "bucket"; the key id is "AKID", its secret "secret".
class TestingEndpoint final : public http::Handler {
 public:
  TestingEndpoint() {
    auto started = http::Server::Start({}, nullptr, *this, Log::Discard(), metrics_);
    EXPECT_TRUE(started.ok());
    server_ = std::move(*started);
  }
  ~TestingEndpoint() override { server_->Stop(); }

  Access access() const {
    Access out{.endpoint = "http://127.0.0.1:" + std::to_string(server_->port())};
    out.access_key_id = "AKID";
    out.secret_access_key = "secret";
    return out;
  }
  void Stop() { server_->Stop(); }

  void OnRequest(std::shared_ptr<http::Exchange> exchange) override {
    exchange->ReadBody(64u << 20, [this, exchange](Result<std::string> body) {
      if (body.ok()) exchange->Reply(Answer(exchange->head(), *body));
    });
  }

  std::map<std::string, std::string> objects() {
    std::lock_guard lock(mutex_);
    return objects_;
  }
  void Set(const std::string& key, std::string bytes) {
    std::lock_guard lock(mutex_);
    objects_[key] = std::move(bytes);
  }
  int requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t uploads() {
    std::lock_guard lock(mutex_);
    return uploads_.size();
  }
  // The next requests answer 503, and those after `fail_after` more.
  void FailNext(int count, int after = 0) {
    std::lock_guard lock(mutex_);
    failures_ = count;
    fail_after_ = after;
  }

 private:
  static http::Response Error(int status, const std::string& code) {
    return {status, {}, "<Error><Code>" + code + "</Code><Message>imposter</Message></Error>"};
  }
  static std::string Etag(const std::string& bytes) { return "\"" + HexEncode(AsBytes(crypto::Md5(bytes))) + "\""; }

  http::Response Answer(const http::RequestHead& head, const std::string& body) {
    std::lock_guard lock(mutex_);
    ++requests_;
    if (fail_after_ > 0) {
      --fail_after_;
    } else if (failures_ > 0) {
      --failures_;
      return Error(503, "SlowDown");
    }
    crypto::SignedRequest request{head.method, std::string(head.path()), std::string(head.query()),
                                  head.headers.fields()};
    auto authorization = crypto::ParseAuthorization(request);
    if (!authorization.ok() || !crypto::Verify(request, *authorization, "secret", clock_.Now(), body, keys_).ok())
      return Error(403, "SignatureDoesNotMatch");
    std::string path = codec::PercentDecode(head.path()).value();
    auto query = codec::ParseQuery(head.query()).value();
    if (path == "/bucket") return OfBucket(head, query);
    if (!path.starts_with("/bucket/")) return Error(404, "NoSuchBucket");
    return OfObject(head, path.substr(8), query, body);
  }

  http::Response OfBucket(const http::RequestHead& head, const codec::Query& query) {
    std::string text;
    codec::XmlWriter xml(text);
    if (head.method == "HEAD") return {200, {}, std::string()};
    const std::string* prefix = codec::Find(query, "prefix");
    if (codec::Find(query, "uploads") != nullptr) {
      xml.Open("ListMultipartUploadsResult");
      for (const auto& [id, upload] : uploads_)
        xml.Open("Upload").Element("Key", upload.key).Element("UploadId", id).Element("Initiated", began).Close();
      xml.Element("IsTruncated", false).Close();
      return {200, {}, std::move(text)};
    }
    const std::string* after = codec::Find(query, "continuation-token");
    xml.Open("ListBucketResult");
    int shown = 0;
    std::string next;
    for (const auto& [key, bytes] : objects_) {
      if (!key.starts_with(*prefix) || (after != nullptr && key <= *after)) continue;
      if (shown == 2) break;  // two a page
      ++shown;
      next = key;
      xml.Open("Contents").Element("Key", codec::PercentEncode(key, true)).Element("Size", bytes.size());
      xml.Element("ETag", Etag(bytes)).Element("LastModified", began).Close();
    }
    bool more = !next.empty() && objects_.upper_bound(next) != objects_.end();
    xml.Element("IsTruncated", more);
    if (more) xml.Element("NextContinuationToken", next);
    xml.Close();
    return {200, {}, std::move(text)};
  }

  http::Response OfObject(const http::RequestHead& head, const std::string& key, const codec::Query& query,
                          const std::string& body) {
    if (codec::Find(query, "uploads") != nullptr) {
      std::string id = "upload-" + std::to_string(++next_upload_);
      uploads_[id].key = key;
      return {200, {}, "<R><UploadId>" + id + "</UploadId></R>"};
    }
    if (const std::string* id = codec::Find(query, "uploadId")) return OfUpload(head.method, *id, query, body);
    if (head.method == "PUT") {
      objects_[key] = body;
      return {200, {{"ETag", Etag(body)}}, std::string()};
    }
    auto found = objects_.find(key);
    if (head.method == "DELETE") {
      if (found != objects_.end()) objects_.erase(found);
      return {204, {}, std::string()};
    }
    if (found == objects_.end()) return Error(404, "NoSuchKey");
    return Get(head, found->second);
  }

  static http::Response Get(const http::RequestHead& head, const std::string& bytes) {
    std::uint64_t from = 0, count = bytes.size();
    http::Response response{200, {{"ETag", Etag(bytes)}}, std::string()};
    std::string_view range = head.headers.Get("Range");
    if (range.starts_with("bytes=-")) {
      count = std::min<std::uint64_t>(std::stoull(std::string(range.substr(7))), bytes.size());
      from = bytes.size() - count;
    } else if (range.starts_with("bytes=")) {
      from = std::stoull(std::string(range.substr(6)));
      std::uint64_t last = std::stoull(std::string(range.substr(range.find('-') + 1)));
      count = std::min<std::uint64_t>(last + 1, bytes.size()) - from;
    }
    std::string_view match = head.headers.Get("If-Match");
    if (!match.empty() && match != Etag(bytes)) return Error(412, "PreconditionFailed");
    if (!range.empty()) {
      response.status = 206;
      response.headers.Add("Content-Range", "bytes " + std::to_string(from) + "-" + std::to_string(from + count - 1) +
                                                "/" + std::to_string(bytes.size()));
    }
    response.body = bytes.substr(from, count);
    return response;
  }

  http::Response OfUpload(const std::string& method, const std::string& id, const codec::Query& query,
                          const std::string& body) {
    auto found = uploads_.find(id);
    if (found == uploads_.end()) return Error(404, "NoSuchUpload");
    if (method == "PUT") {
      found->second.parts[std::stoi(*codec::Find(query, "partNumber"))] = body;
      return {200, {{"ETag", Etag(body)}}, std::string()};
    }
    if (method == "POST") {
      std::string whole;
      for (const auto& [number, part] : found->second.parts) whole += part;
      objects_[found->second.key] = std::move(whole);
    }
    uploads_.erase(found);
    return {method == "POST" ? 200 : 204, {}, method == "POST" ? std::string("<R><ETag>\"x-1\"</ETag></R>") : ""};
  }

  struct Upload {
    std::string key;
    std::map<int, std::string> parts;
  };

  const std::string began = codec::FormatIso8601Millis(SystemClock().Now() - std::chrono::hours(30));
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
  std::map<std::string, Upload> uploads_;
  int requests_ = 0, failures_ = 0, fail_after_ = 0, next_upload_ = 0;
  SystemClock clock_;
  crypto::SigningKeys keys_;
  Metrics metrics_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace aloft::s3
