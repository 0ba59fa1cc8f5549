#include "platform/compute/agent/s3_transfer.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "foundation/codec/uri.h"
#include "foundation/codec/xml.h"
#include "foundation/crypto/hash.h"
#include "platform/compute/agent/s3_request.h"

namespace aloft::compute {
namespace {

constexpr std::uint64_t kSinglePut = 64u << 20;  // more goes up in parts
constexpr std::uint64_t kLeastPart = 16u << 20;
constexpr std::uint64_t kMostParts = 9'000;  // S3 allows 10,000
constexpr std::size_t kMostObjects = 10'000'000;

std::string Unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

// An ETag that is the MD5 of the bytes: 32 hexadecimal digits, not those of a multipart upload.
bool IsMd5(const std::string& etag) {
  return etag.size() == 32 && HexDecode(etag).has_value();
}

// Objects sealed with a key of KMS or the caller's own have an ETag that looks like an MD5 and is none:
// docs.aws.amazon.com/AmazonS3/latest/API/API_Object
bool HasOpaqueTag(const http::Headers& headers) {
  return headers.Get("x-amz-server-side-encryption").starts_with("aws:kms") ||
         !headers.Get("x-amz-server-side-encryption-customer-algorithm").empty();
}

// Keys come URL-encoded, with '+' for spaces.
std::string DecodedKey(std::string_view text) {
  std::string plus(text);
  std::replace(plus.begin(), plus.end(), '+', ' ');
  return codec::PercentDecode(plus).value_or(std::string(text));
}

// Writes a body into a file as it comes, and digests it.
class FileSink final : public http::BodySink {
 public:
  explicit FileSink(int file) : file_(file), md5_(crypto::Digest::kMd5) {}

  void OnChunk(std::string chunk, std::function<void()> next) override {
    std::string_view rest = chunk;
    while (!rest.empty() && error == 0) {
      ssize_t wrote = ::pwrite(file_, rest.data(), rest.size(), static_cast<off_t>(size));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) {
        error = wrote < 0 ? errno : EIO;
        break;
      }
      md5_.Update(rest.substr(0, static_cast<std::size_t>(wrote)));
      size += static_cast<std::uint64_t>(wrote);
      rest.remove_prefix(static_cast<std::size_t>(wrote));
    }
    next();  // even after an error: the rest is only swallowed
  }
  void OnEnd() override {}
  void OnAbort(Error) override {}

  std::string Md5Hex() { return HexEncode(AsBytes(md5_.Finish())); }

  std::uint64_t size = 0;
  int error = 0;

 private:
  int file_;
  crypto::Hash md5_;
};

class S3Transfer final : public ObjectTransfer {
 public:
  explicit S3Transfer(std::unique_ptr<S3Requester> requester) : requester_(std::move(requester)) {}

  Result<std::vector<ObjectInfo>> List(const std::string& bucket, const std::string& prefix) override {
    std::vector<ObjectInfo> objects;
    std::string token;
    do {
      S3Request request;
      request.bucket = bucket;
      request.query = {{"encoding-type", "url"}, {"list-type", "2"}, {"prefix", prefix}};
      if (!token.empty()) request.query.emplace_back("continuation-token", token);
      ALOFT_ASSIGN(http::ClientResponse response, requester_->Call(request));
      ALOFT_ASSIGN(codec::XmlElement page, codec::ParseXml(response.body));
      for (const auto& element : page.children) {
        if (element.name != "Contents") continue;
        ObjectInfo object{DecodedKey(element.ChildText("Key")), 0, Unquoted(element.ChildText("ETag"))};
        std::string_view size = element.ChildText("Size");
        std::from_chars(size.data(), size.data() + size.size(), object.size);
        objects.push_back(std::move(object));
      }
      token = page.ChildText("IsTruncated") == "true" ? page.ChildText("NextContinuationToken") : std::string_view();
      if (objects.size() > kMostObjects)
        return Fail(kInvalidArgument, "s3://" + bucket + "/" + prefix + " has too many objects");
    } while (!token.empty());
    return objects;
  }

  Result<ObjectInfo> Download(const std::string& bucket, const std::string& key, int file) override {
    S3Request request;
    request.bucket = bucket;
    request.key = key;
    for (int attempt = 1;; ++attempt) {
      std::shared_ptr<FileSink> sink;
      auto response = requester_->Call(request, [&] {
        static_cast<void>(!::ftruncate(file, 0));
        sink = std::make_shared<FileSink>(file);
        return sink;
      });
      if (!response.ok()) return std::move(response).error();
      if (sink->error != 0) return SystemError("write a download", sink->error);
      ObjectInfo object{key, sink->size, Unquoted(response->headers.Get("ETag"))};
      std::string_view announced = response->headers.Get("Content-Length");
      bool whole = announced.empty() || announced == std::to_string(sink->size);
      if (whole && (!IsMd5(object.etag) || HasOpaqueTag(response->headers) || ToLower(object.etag) == sink->Md5Hex()))
        return object;
      if (attempt == 3) return Fail(kCorrupt, "s3://" + bucket + "/" + key + " arrived damaged three times");
    }
  }

  Result<std::string> ReadRange(const std::string& bucket, const ObjectInfo& object, std::uint64_t offset,
                                std::uint64_t length) override {
    S3Request request;
    request.bucket = bucket;
    request.key = object.key;
    request.headers.Add("Range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1));
    if (!object.etag.empty()) request.headers.Add("If-Match", "\"" + object.etag + "\"");
    auto response = requester_->Call(request);
    if (!response.ok() && response.error().message.find("PreconditionFailed") != std::string::npos)
      return Fail(kCorrupt, "s3://" + bucket + "/" + object.key + " was replaced while it was read");
    if (!response.ok()) return std::move(response).error();
    if (response->status != 206 || response->body.size() != length)
      return Fail(kCorrupt, "s3://" + bucket + "/" + object.key + " is not as long as it was");
    return std::move(response->body);
  }

  Result<ObjectInfo> Head(const std::string& bucket, const std::string& key) override {
    S3Request request;
    request.method = "HEAD";
    request.bucket = bucket;
    request.key = key;
    ALOFT_ASSIGN(http::ClientResponse response, requester_->Call(request));
    ObjectInfo object{key, 0, Unquoted(response.headers.Get("ETag"))};
    std::string_view size = response.headers.Get("Content-Length");
    if (std::from_chars(size.data(), size.data() + size.size(), object.size).ec != std::errc())
      return Fail(kInternal, "s3://" + bucket + "/" + key + " does not say how large it is");
    return object;
  }

  Status Upload(const std::string& bucket, const std::string& key, int file, std::uint64_t size) override {
    if (size > kSinglePut) return UploadParts(bucket, key, file, size);
    S3Request request;
    request.method = "PUT";
    request.bucket = bucket;
    request.key = key;
    request.file = file;
    request.length = size;
    ALOFT_TRY(requester_->Call(request));
    return {};
  }

 private:
  Status UploadParts(const std::string& bucket, const std::string& key, int file, std::uint64_t size) {
    S3Request begin;
    begin.method = "POST";
    begin.bucket = bucket;
    begin.key = key;
    begin.query = {{"uploads", ""}};
    ALOFT_ASSIGN(http::ClientResponse begun, requester_->Call(begin));
    ALOFT_ASSIGN(codec::XmlElement answer, codec::ParseXml(begun.body));
    std::string upload(answer.ChildText("UploadId"));
    auto sent = SendParts(bucket, key, upload, file, size);
    if (sent.ok()) return sent;
    S3Request abort;
    abort.method = "DELETE";
    abort.bucket = bucket;
    abort.key = key;
    abort.query = {{"uploadId", upload}};
    static_cast<void>(requester_->Call(abort));
    return sent;
  }

  Status SendParts(const std::string& bucket, const std::string& key, const std::string& upload, int file,
                   std::uint64_t size) {
    std::uint64_t part_size = std::max(kLeastPart, size / kMostParts + 1);
    std::string list;
    codec::XmlWriter xml(list, false);
    xml.Open("CompleteMultipartUpload");
    int number = 1;
    for (std::uint64_t offset = 0; offset < size; offset += part_size, ++number) {
      S3Request part;
      part.method = "PUT";
      part.bucket = bucket;
      part.key = key;
      part.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
      part.file = file;
      part.offset = offset;
      part.length = std::min(part_size, size - offset);
      ALOFT_ASSIGN(http::ClientResponse stored, requester_->Call(part));
      xml.Open("Part").Element("PartNumber", number).Element("ETag", stored.headers.Get("ETag")).Close();
    }
    xml.Close();
    S3Request complete;
    complete.method = "POST";
    complete.bucket = bucket;
    complete.key = key;
    complete.query = {{"uploadId", upload}};
    complete.text = std::move(list);
    ALOFT_ASSIGN(http::ClientResponse completed, requester_->Call(complete));
    // This one answer may be 200 and an error: docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload
    if (auto answer = codec::ParseXml(completed.body); answer.ok() && answer->name == "Error")
      return Fail(kUnavailable, "s3://" + bucket + "/" + key + ": " + std::string(answer->ChildText("Message")));
    return {};
  }

  std::unique_ptr<S3Requester> requester_;
};

}  // namespace

Result<std::unique_ptr<ObjectTransfer>> OpenS3Transfer(TransferOptions options) {
  ALOFT_ASSIGN(std::unique_ptr<S3Requester> requester, S3Requester::Open(std::move(options)));
  return std::unique_ptr<ObjectTransfer>(std::make_unique<S3Transfer>(std::move(requester)));
}

}  // namespace aloft::compute
