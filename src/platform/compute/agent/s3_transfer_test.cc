#include "platform/compute/agent/s3_transfer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <mutex>

#include "foundation/codec/uri.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/http/server.h"
#include "foundation/os/fd.h"

namespace aloft::compute {
namespace {

using testing::HasSubstr;

// A small object store behind real HTTP that checks every signature and can be told to fail.
class Imposter final : public http::Handler {
 public:
  Imposter() {
    auto started = http::Server::Start({}, nullptr, *this, Log::Discard(), metrics_);
    EXPECT_TRUE(started.ok());
    server = std::move(*started);
  }
  ~Imposter() override { server.reset(); }  // before what its threads use

  void OnRequest(std::shared_ptr<http::Exchange> exchange) override {
    exchange->ReadBody(256u << 20, [this, exchange](Result<std::string> body) {
      if (body.ok()) exchange->Reply(Answer(exchange->head(), *body));
    });
  }

  http::Response Answer(const http::RequestHead& head, const std::string& body) {
    std::lock_guard lock(mutex);
    ++requests;
    if (failures > 0) {
      --failures;
      return {503, {}, std::string("<Error><Code>SlowDown</Code><Message>later</Message></Error>")};
    }
    crypto::SignedRequest signed_request{head.method, std::string(head.path()), std::string(head.query()),
                                         head.headers.fields()};
    auto authorization = crypto::ParseAuthorization(signed_request);
    if (!authorization.ok() || authorization->session_token != "token" ||
        !crypto::Verify(signed_request, *authorization, "secret", clock_.Now(), body, keys_).ok())
      return {403, {}, std::string("<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>")};
    std::string key = codec::PercentDecode(head.path()).value();
    codec::Query query = codec::ParseQuery(head.query()).value();
    if (codec::Find(query, "list-type")) return List(*codec::Find(query, "prefix"), query);
    if (codec::Find(query, "uploads")) return {200, {}, std::string("<R><UploadId>u-1</UploadId></R>")};
    if (codec::Find(query, "uploadId")) return Part(head.method, key, query, body);
    if (head.method == "PUT") {
      objects[key] = body;
      return {200, {{"ETag", "\"x\""}}, std::string()};
    }
    auto found = objects.find(key);
    if (found == objects.end())
      return {404, {}, std::string("<Error><Code>NoSuchKey</Code><Message>absent</Message></Error>")};
    std::string sent = found->second;
    if (damages > 0) {
      --damages;
      sent[0] = static_cast<char>(sent[0] + 1);
    }
    return {200, {{"ETag", "\"" + HexEncode(AsBytes(crypto::Md5(found->second))) + "\""}}, sent};
  }

  // Two keys a page.
  http::Response List(const std::string& prefix, const codec::Query& query) {
    const std::string* after = codec::Find(query, "continuation-token");
    std::string xml = "<ListBucketResult>";
    int count = 0;
    std::string last;
    bool more = false;
    for (const auto& [path, content] : objects) {
      std::string key = path.substr(std::string("/bucket/").size());
      if (!key.starts_with(prefix) || (after && key <= *after)) continue;
      if (++count > 2) {
        more = true;
        break;
      }
      last = key;
      xml += "<Contents><Key>" + codec::PercentEncode(key, true) + "</Key><Size>" + std::to_string(content.size()) +
             "</Size><ETag>&quot;e&quot;</ETag></Contents>";
    }
    if (more) xml += "<IsTruncated>true</IsTruncated><NextContinuationToken>" + last + "</NextContinuationToken>";
    return {200, {}, xml + "</ListBucketResult>"};
  }

  http::Response Part(const std::string& method, const std::string& key, const codec::Query& query,
                      const std::string& body) {
    if (method == "PUT") {
      parts[std::stoi(*codec::Find(query, "partNumber"))] = body;
      return {200, {{"ETag", "\"p\""}}, std::string()};
    }
    if (method == "POST")
      for (const auto& [number, part] : parts) objects[key] += part;
    return {200, {}, std::string("<CompleteMultipartUploadResult/>")};
  }

  std::mutex mutex;
  std::map<std::string, std::string> objects;
  std::map<int, std::string> parts;
  int failures = 0, damages = 0, requests = 0;
  std::unique_ptr<http::Server> server;

 private:
  Metrics metrics_;
  SystemClock clock_;
  crypto::SigningKeys keys_;
};

class S3TransferTest : public testing::Test {
 protected:
  S3TransferTest() {
    char path[] = "/tmp/aloft-s3-XXXXXX";
    directory_ = ::mkdtemp(path);
    auto opened = OpenS3Transfer({.api_url = [this] { return url_; },
                                  .ca_file = "",
                                  .region = "us-east-1",
                                  .credentials = [this]() -> Result<Credentials> {
                                    Credentials now = credentials_;
                                    if (next_) credentials_ = *std::exchange(next_, std::nullopt);
                                    return now;
                                  },
                                  .cancelled = [this] { return cancelled_; }});
    EXPECT_TRUE(opened.ok());
    transfer_ = std::move(*opened);
    url_ = "http://127.0.0.1:" + std::to_string(imposter_.server->port());
    file_ = os::Fd(::memfd_create("file", MFD_CLOEXEC));
  }
  ~S3TransferTest() override { std::filesystem::remove_all(directory_); }

  std::string Content() {
    std::string text(static_cast<std::size_t>(::lseek(file_.get(), 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(file_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

  Imposter imposter_;
  std::string directory_, url_;
  bool cancelled_ = false;
  Credentials credentials_{"AKID", "secret", "token", SystemClock().Now() + std::chrono::hours(1)};
  std::optional<Credentials> next_;  // replace them once they were asked for
  std::unique_ptr<ObjectTransfer> transfer_;
  os::Fd file_;
};

// Keys of every kind, over more than one page, come back as they are; and their bytes.
TEST_F(S3TransferTest, ListsAndDownloads) {
  imposter_.objects = {
      {"/bucket/p/a b.csv", "1"}, {"/bucket/p/ä+&=?.csv", "2"}, {"/bucket/p/z", "3"}, {"/bucket/q", "4"}};
  auto listed = transfer_->List("bucket", "p/");
  ASSERT_TRUE(listed.ok()) << Describe(listed.error());
  ASSERT_EQ(listed->size(), 3u);
  for (const ObjectInfo& object : *listed) {
    auto downloaded = transfer_->Download("bucket", object.key, file_.get());
    ASSERT_TRUE(downloaded.ok()) << object.key << ": " << Describe(downloaded.error());
    EXPECT_EQ(Content(), imposter_.objects.at("/bucket/" + object.key));
  }
}

// Small uploads are one request, large ones are parts; both are whole.
TEST_F(S3TransferTest, UploadsSmallAndLarge) {
  ASSERT_EQ(::write(file_.get(), "small", 5), 5);
  ASSERT_TRUE(transfer_->Upload("bucket", "k", file_.get(), 5).ok());
  EXPECT_EQ(imposter_.objects["/bucket/k"], "small");
  std::string large((70u << 20) + 3, 'x');
  ASSERT_EQ(::pwrite(file_.get(), large.data(), large.size(), 0), static_cast<ssize_t>(large.size()));
  auto uploaded = transfer_->Upload("bucket", "large", file_.get(), large.size());
  ASSERT_TRUE(uploaded.ok()) << Describe(uploaded.error());
  EXPECT_EQ(imposter_.parts.size(), 5u);
  EXPECT_TRUE(imposter_.objects["/bucket/large"] == large);
}

// What was refused because the server has given the agent others meanwhile is asked again with these.
TEST_F(S3TransferTest, CredentialsThatWereReplacedUnderARequestAreNoRefusal) {
  imposter_.objects["/bucket/k"] = "v";
  next_ = credentials_;
  next_->access_key_id = "AKID2";
  credentials_.secret_access_key = "wrong";
  auto brought = transfer_->Download("bucket", "k", file_.get());
  ASSERT_TRUE(brought.ok()) << Describe(brought.error());
  EXPECT_EQ(imposter_.requests, 2);
}

// An overloaded API is asked again, a refusal is not, and a stop ends the asking.
TEST_F(S3TransferTest, RepeatsWhatMayPass) {
  imposter_.objects["/bucket/k"] = "v";
  imposter_.failures = 2;
  EXPECT_TRUE(transfer_->Download("bucket", "k", file_.get()).ok());
  EXPECT_EQ(imposter_.requests, 3);
  auto absent = transfer_->Download("bucket", "absent", file_.get());
  EXPECT_EQ(absent.error().reason, kObjectMissing);
  EXPECT_THAT(absent.error().message, HasSubstr("s3://bucket/absent: NoSuchKey"));
  EXPECT_EQ(imposter_.requests, 4);
  credentials_.secret_access_key = "wrong";
  EXPECT_EQ(transfer_->Download("bucket", "k", file_.get()).error().reason, kObjectDenied);
  imposter_.server->Stop();
  cancelled_ = true;
  EXPECT_EQ(transfer_->Download("bucket", "k", file_.get()).error().reason, kCancelled);
}

// A server that comes back under another address is found there.
TEST_F(S3TransferTest, FollowsTheApi) {
  Imposter other;
  other.objects["/bucket/k"] = "v";
  imposter_.server->Stop();
  url_ = "http://127.0.0.1:" + std::to_string(other.server->port());
  EXPECT_TRUE(transfer_->Download("bucket", "k", file_.get()).ok());
}

// Bytes that do not match their digest are never handed to a job.
TEST_F(S3TransferTest, DamagedDownloadsAreRepeatedThenRefused) {
  imposter_.objects["/bucket/k"] = "value";
  imposter_.damages = 1;
  ASSERT_TRUE(transfer_->Download("bucket", "k", file_.get()).ok());
  EXPECT_EQ(Content(), "value");
  imposter_.damages = 3;
  EXPECT_EQ(transfer_->Download("bucket", "k", file_.get()).error().reason, kCorrupt);
}

}  // namespace
}  // namespace aloft::compute
