#include "foundation/s3/client.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "foundation/codec/uri.h"
#include "foundation/codec/xml.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/sigv4.h"

namespace aloft::s3 {
namespace {

// "https://host:port/..." -> where to connect and what to call it.
bool ParseEndpoint(std::string_view url, http::Destination& destination, std::string& authority) {
  destination.tls = url.starts_with("https://");
  if (!destination.tls && !url.starts_with("http://")) return false;
  url.remove_prefix(destination.tls ? 8 : 7);
  url = url.substr(0, url.find('/'));
  authority = url;
  destination.port = destination.tls ? 443 : 80;
  auto colon = url.rfind(':');
  if (colon != std::string_view::npos && url.find(']', colon) == std::string_view::npos) {
    std::string_view port = url.substr(colon + 1);
    auto parsed = std::from_chars(port.data(), port.data() + port.size(), destination.port);
    if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size()) return false;
    url = url.substr(0, colon);
  }
  if (url.starts_with('[') && url.ends_with(']')) url = url.substr(1, url.size() - 2);
  destination.host = url;
  return !url.empty();
}

// What the endpoint said, in its own words.
Error ErrorOf(const Request& request, const http::ClientResponse& response) {
  std::string code, message;
  if (auto xml = codec::ParseXml(response.body); xml.ok() && xml->name == "Error") {
    code = xml->ChildText("Code");
    message = xml->ChildText("Message");
  }
  if (code.empty()) code = "HTTP status " + std::to_string(response.status);
  std::string text = "s3://" + request.bucket + (request.key.empty() ? "" : "/" + request.key) + ": " + code;
  if (!message.empty()) text += " (" + message + ")";
  if (response.status == 429 || response.status >= 500 || code == "RequestTimeout")
    return Fail(code == "NotImplemented" ? kRefused : kUnavailable, std::move(text));
  switch (response.status) {
    case 404: return Fail(kNotFound, std::move(text));
    case 401:
    case 403: return Fail(kDenied, std::move(text));
    case 409:
    case 412: return Fail(kConditionFailed, std::move(text));
    default: return Fail(kRefused, std::move(text));
  }
}

}  // namespace

Result<std::unique_ptr<Client>> Client::Open(Access access, const Clock& clock, Random& random,
                                             const Patience& patience) {
  std::unique_ptr<Client> client(new Client(std::move(access), clock, random, patience));
  if (!ParseEndpoint(client->access_.endpoint, client->destination_, client->authority_))
    return Fail(kInvalidArgument, "an endpoint is https://host[:port] or http://host[:port]");
  http::ClientOptions options;
  options.ca_pem = client->access_.ca_pem;
  ALOFT_ASSIGN(client->http_, http::Client::Create(std::move(options)));
  return client;
}

Result<http::ClientResponse> Client::Attempt(const Request& request) {
  crypto::SignedRequest signing;
  signing.method = request.method;
  signing.path = "/" + request.bucket;
  if (!request.key.empty()) signing.path += "/" + codec::PercentEncode(request.key, true);
  for (const auto& [name, value] : request.query) {
    if (!signing.query.empty()) signing.query += '&';
    signing.query += codec::PercentEncode(name) + "=" + codec::PercentEncode(value);
  }
  signing.headers = request.headers.fields();
  signing.headers.emplace_back("Host", authority_);
  crypto::Sign(signing, {access_.access_key_id, access_.secret_access_key, access_.session_token}, access_.region, "s3",
               crypto::Sha256Hex(request.body), clock_.Now());
  http::ClientRequest sending;
  sending.method = request.method;
  sending.target = signing.path + (signing.query.empty() ? "" : "?" + signing.query);
  for (auto& [name, value] : signing.headers) sending.headers.Add(name, value);
  sending.timeout = patience_.timeout;
  sending.body = request.body;
  return http_->Call(destination_, std::move(sending));
}

Result<http::ClientResponse> Client::Call(const Request& request) {
  auto pause = patience_.first_pause;
  for (int attempt = 1;; ++attempt) {
    auto response = Attempt(request);
    if (response.ok() && response->status / 100 == 2) return response;
    Error error = response.ok() ? ErrorOf(request, *response) : std::move(response).error();
    bool passes = IsRetryable(error.kind()) || error.kind() == ErrorKind::kInternal;
    if (!passes || attempt >= patience_.attempts) return error;
    auto jitter = std::chrono::milliseconds(random_.Next() % static_cast<std::uint64_t>(pause.count() + 1));
    std::this_thread::sleep_for(pause / 2 + jitter / 2);
    pause = std::min(pause * 2, patience_.longest_pause);
  }
}

}  // namespace aloft::s3
