#include "platform/compute/agent/s3_request.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "foundation/base/random.h"
#include "foundation/codec/uri.h"
#include "foundation/codec/xml.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/os/file.h"
#include "platform/compute/agent/api_endpoint.h"

namespace aloft::compute {
namespace {

constexpr int kAttempts = 8;                // of failures other than "it is away"
constexpr std::chrono::hours kPatience{6};  // with an API that cannot be reached
constexpr std::chrono::milliseconds kFirstPause{50}, kLongestPause{5'000};

Result<std::string> HashOfPart(int file, std::uint64_t offset, std::uint64_t length) {
  crypto::Hash hash(crypto::Digest::kSha256);
  std::vector<std::uint8_t> buffer(256 * 1024);
  while (length > 0) {
    ssize_t got =
        ::pread(file, buffer.data(), std::min<std::uint64_t>(buffer.size(), length), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return SystemError("read an upload", got < 0 ? errno : EIO);
    hash.Update(ByteView(buffer.data(), static_cast<std::size_t>(got)));
    offset += static_cast<std::uint64_t>(got);
    length -= static_cast<std::uint64_t>(got);
  }
  return HexEncode(AsBytes(hash.Finish()));
}

// What the API said, as an error for the task's owner.
Error ErrorOf(const S3Request& request, const http::ClientResponse& response) {
  std::string code, message;
  if (auto xml = codec::ParseXml(response.body); xml.ok() && xml->name == "Error") {
    code = xml->ChildText("Code");
    message = xml->ChildText("Message");
  }
  if (code.empty()) code = "HTTP status " + std::to_string(response.status);
  std::string place = "s3://" + request.bucket + (request.key.empty() ? "" : "/" + request.key);
  std::string text = place + ": " + code + (message.empty() ? "" : " (" + message + ")");
  Reason reason = kInternal;
  if (response.status == 404) reason = kObjectMissing;
  if (response.status == 403) reason = kObjectDenied;
  if (response.status == 429 || response.status >= 500) reason = kUnavailable;
  // Temporary credentials that have just been renewed: the next attempt reads the new ones.
  if (code == "ExpiredToken" || code == "RequestTimeout") reason = kUnavailable;
  if (response.status / 100 == 4 && reason == kInternal) reason = kInvalidArgument;
  return Fail(reason, std::move(text));
}

}  // namespace

Result<std::unique_ptr<S3Requester>> S3Requester::Open(TransferOptions options) {
  auto requester = std::make_unique<S3Requester>();
  if (!options.ca_file.empty()) {
    ALOFT_ASSIGN(requester->ca_pem_, os::ReadFile(options.ca_file));
  }
  requester->options_ = std::move(options);
  ALOFT_TRY(requester->CurrentClient());
  return requester;
}

Result<std::shared_ptr<http::Client>> S3Requester::CurrentClient() {
  http::TlsIdentity identity = options_.identity ? options_.identity() : http::TlsIdentity();
  {
    std::lock_guard lock(mutex_);
    if (client_ && shown_ == identity) return client_;
  }
  http::ClientOptions options;
  options.ca_pem = ca_pem_;
  options.identity = identity;
  options.max_connections_per_destination = 8;
  ALOFT_ASSIGN(std::shared_ptr<http::Client> made, http::Client::Create(std::move(options)));
  std::shared_ptr<http::Client> before = made;  // ends after the lock
  std::lock_guard lock(mutex_);
  client_.swap(before);
  shown_ = std::move(identity);
  return made;
}

Result<http::ClientResponse> S3Requester::Attempt(const S3Request& request, std::shared_ptr<http::BodySink> sink,
                                                  std::string& used_key) {
  auto endpoint = ParseEndpoint(options_.api_url());
  if (!endpoint || !endpoint->is_http()) return Fail(kInvalidArgument, "the API's URL cannot be understood");
  ALOFT_ASSIGN(Credentials credentials, options_.credentials());
  used_key = credentials.access_key_id;
  crypto::SignedRequest signing;
  signing.method = request.method;
  signing.path = "/" + request.bucket;
  if (!request.key.empty()) signing.path += "/" + codec::PercentEncode(request.key, true);
  for (const auto& [name, value] : request.query) {
    if (!signing.query.empty()) signing.query += '&';
    signing.query += codec::PercentEncode(name) + "=" + codec::PercentEncode(value);
  }
  signing.headers = request.headers.fields();
  signing.headers.emplace_back("Host", endpoint->authority);
  std::string payload = crypto::Sha256Hex(request.text);
  if (request.file >= 0) {
    ALOFT_ASSIGN(payload, HashOfPart(request.file, request.offset, request.length));
  }
  crypto::Sign(signing, {credentials.access_key_id, credentials.secret_access_key, credentials.session_token},
               options_.region, "s3", payload, clock_.Now());

  http::ClientRequest sending;
  sending.method = request.method;
  sending.target = signing.path + (signing.query.empty() ? "" : "?" + signing.query);
  for (auto& [name, value] : signing.headers) sending.headers.Add(name, value);
  sending.timeout = std::chrono::seconds(60);
  if (request.file >= 0)
    sending.body = http::FileBody{std::make_shared<const int>(request.file), request.offset, request.length};
  else
    sending.body = request.text;
  http::Destination destination{endpoint->host, endpoint->port, endpoint->scheme == "https"};
  ALOFT_ASSIGN(const std::shared_ptr<http::Client> client, CurrentClient());
  return client->Call(destination, std::move(sending), std::move(sink));
}

// Whether what a request was refused with has been replaced meanwhile: a server that began to bind sessions, or no
// longer does, gives its agents others.
bool S3Requester::HasOthersThan(const std::string& used_key) const {
  const auto now = options_.credentials();
  return now.ok() && now->access_key_id != used_key;
}

Result<http::ClientResponse> S3Requester::Call(const S3Request& request,
                                               const std::function<std::shared_ptr<http::BodySink>()>& sink) {
  SystemRandom random;
  auto pause = kFirstPause;
  auto patience_ends = clock_.Monotonic() + kPatience;
  int refusals = 0;
  for (;;) {
    std::string used_key;
    auto response = Attempt(request, sink ? sink() : nullptr, used_key);
    if (response.ok() && response->status / 100 == 2) return response;
    Error error = response.ok() ? ErrorOf(request, *response) : response.error();
    // A server that starts listens first and answers 503 until it stands.
    bool away = response.ok() ? response->status == 503 : error.kind() != ErrorKind::kInvalid;
    if (!away && !IsRetryable(error.kind()) && !(error.reason == kObjectDenied && HasOthersThan(used_key)))
      return error;
    if (away ? clock_.Monotonic() > patience_ends : ++refusals >= kAttempts) return error;
    if (options_.cancelled && options_.cancelled()) return Fail(kCancelled, "stopped while data was transferred");
    auto jitter = std::chrono::milliseconds(random.Next() % static_cast<std::uint64_t>(pause.count()));
    std::this_thread::sleep_for(pause / 2 + jitter / 2);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace aloft::compute
