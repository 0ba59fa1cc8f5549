#include "platform/federation/issuer_keys.h"

#include <boost/json/value.hpp>
#include <charconv>
#include <optional>

#include "foundation/codec/json.h"
#include "foundation/http/address_scope.h"
#include "platform/federation/errors.h"

namespace aloft::federation {
namespace {

using std::chrono::seconds;

constexpr seconds kKeep{3600}, kAgain{30};
constexpr std::size_t kMostIssuers = 1'000, kMostWaiting = 1'000;

struct Url {
  http::Destination destination;
  std::string target;
};

std::optional<Url> ParseUrl(std::string_view text) {
  Url out;
  if (text.starts_with("https://")) {
    out.destination.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const std::size_t slash = text.find('/');
  std::string_view authority = text.substr(0, slash);
  out.target = slash == std::string_view::npos ? "" : std::string(text.substr(slash));
  for (const char c : text)
    if (c <= ' ' || c > '~' || c == '@' || c == '#' || c == '?' || c == '\\' || c == '[') return std::nullopt;
  out.destination.port = out.destination.tls ? 443 : 80;
  if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), out.destination.port);
    if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size()) return std::nullopt;
    authority = authority.substr(0, colon);
  }
  if (authority.empty()) return std::nullopt;
  out.destination.host = std::string(authority);
  return out;
}

bool MayConnect(IssuerNetworks networks, std::string_view address) {
  switch (http::ScopeOf(address)) {
    case http::AddressScope::kPublic: return true;
    case http::AddressScope::kPrivate: return networks >= IssuerNetworks::kPrivate;
    case http::AddressScope::kLoopback: return networks >= IssuerNetworks::kLoopback;
    case http::AddressScope::kForbidden: return false;
  }
  return false;
}

Error Unreachable(std::string detail) {
  return Fail(kIssuerUnreachable,
              "Couldn't retrieve verification key from your identity provider,  please reference "
              "AssumeRoleWithWebIdentity documentation for requirements",
              std::move(detail));
}

}  // namespace

Status CheckIssuerUrl(std::string_view url, IssuerNetworks networks) {
  const auto parsed = ParseUrl(url);
  if (!parsed || url.size() > 255) return Fail(kInvalidArgument, "Invalid Open ID Connect Provider URL");
  if (parsed->destination.tls) return {};
  const std::string& host = parsed->destination.host;
  const bool loopback = host == "localhost" || http::ScopeOf(host) == http::AddressScope::kLoopback;
  if (networks == IssuerNetworks::kLoopback && loopback) return {};
  return Fail(kInvalidArgument, "The URL of an Open ID Connect Provider must begin with https://");
}

Result<std::unique_ptr<IssuerKeys>> IssuerKeys::Create(IssuerOptions options, const Clock& clock) {
  auto out = std::unique_ptr<IssuerKeys>(new IssuerKeys(std::move(options), clock));
  http::ClientOptions client;
  client.ca_pem = out->options_.ca_pem;
  client.io_threads = out->options_.io_threads;
  client.max_connections_per_destination = 4;
  client.max_waiting_per_destination = 64;
  client.max_response_bytes = 256u << 10;
  client.connect_timeout = std::chrono::milliseconds(5'000);
  client.allow_address = [networks = out->options_.networks](std::string_view address) {
    return MayConnect(networks, address);
  };
  ALOFT_ASSIGN(out->client_, http::Client::Create(std::move(client)));
  return out;
}

IssuerKeys::~IssuerKeys() {
  client_.reset();
}

void IssuerKeys::Get(const std::string& issuer, const Jwt& jwt, Done done) {
  std::shared_ptr<const Keys> known;
  bool fetch = false;
  {
    const std::lock_guard lock(mutex_);
    if (issuers_.size() >= kMostIssuers && !issuers_.contains(issuer))
      std::erase_if(issuers_, [](const auto& each) { return !each.second.fetching; });
    Issuer& entry = issuers_[issuer];
    const MonotonicTime now = clock_.Monotonic();
    const bool fresh = entry.keys != nullptr && now - entry.fetched < kKeep && HasKeyFor(jwt, *entry.keys);
    const bool may_ask = entry.tried == MonotonicTime{} || now - entry.tried >= kAgain;
    if (fresh || (entry.keys != nullptr && !may_ask && !entry.fetching)) {
      known = entry.keys;
    } else if (!entry.fetching && !may_ask) {
      // Asked a moment ago in vain.
    } else if (entry.waiting.size() < kMostWaiting) {
      entry.waiting.push_back(std::move(done));
      done = nullptr;
      fetch = !std::exchange(entry.fetching, true);
      if (fetch) entry.tried = now;
    }
  }
  if (done) return done(known != nullptr ? Result(known) : Result<std::shared_ptr<const Keys>>(Unreachable("asked")));
  if (fetch) Fetch(issuer);
}

void IssuerKeys::Ask(const std::string& url, std::function<void(Result<std::string>)> done) {
  const auto parsed = ParseUrl(url);
  if (!parsed) return done(Unreachable("not a URL: " + url));
  http::ClientRequest request;
  request.target = parsed->target.empty() ? "/" : parsed->target;
  request.headers.Add("Accept", "application/json");
  request.timeout = std::chrono::milliseconds(5'000);
  client_->Send(parsed->destination, std::move(request), [url, done = std::move(done)](auto response) {
    if (!response.ok()) return done(Unreachable(url + ": " + Describe(response.error())));
    if (response->status != 200) return done(Unreachable(url + ": HTTP " + std::to_string(response->status)));
    done(std::move(response->body));
  });
}

void IssuerKeys::Fetch(const std::string& issuer) {
  std::string url = issuer;
  if (url.ends_with('/')) url.pop_back();
  Ask(url + "/.well-known/openid-configuration", [this, issuer](Result<std::string> text) {
    if (!text.ok()) return Finish(issuer, std::move(text).error());
    const auto parsed = codec::ParseJson(*text, {.max_depth = 8, .max_bytes = 256u << 10});
    const auto* document = parsed.ok() ? parsed->if_object() : nullptr;
    const auto member = [&](const char* name) {
      const auto* value = document == nullptr ? nullptr : document->if_contains(name);
      return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
    };
    // A document of another issuer could lend its keys to this one (OpenID Connect Discovery, 4.3).
    if (member("issuer") != issuer) return Finish(issuer, Unreachable("the document names " + member("issuer")));
    const std::string keys = member("jwks_uri");
    if (auto status = CheckIssuerUrl(keys, options_.networks); !status.ok())
      return Finish(issuer, Unreachable("jwks_uri " + keys));
    FetchKeySet(issuer, keys);
  });
}

void IssuerKeys::FetchKeySet(const std::string& issuer, const std::string& url) {
  Ask(url, [this, issuer](Result<std::string> text) {
    if (!text.ok()) return Finish(issuer, std::move(text).error());
    Finish(issuer, ParseKeySet(*text));
  });
}

void IssuerKeys::Finish(const std::string& issuer, Result<Keys> keys) {
  std::vector<Done> waiting;
  Result<std::shared_ptr<const Keys>> answer = std::shared_ptr<const Keys>();
  {
    const std::lock_guard lock(mutex_);
    Issuer& entry = issuers_[issuer];
    entry.fetching = false;
    waiting.swap(entry.waiting);
    if (keys.ok()) {
      entry.keys = std::make_shared<const Keys>(std::move(*keys));
      entry.fetched = clock_.Monotonic();
      answer = entry.keys;
    } else {
      answer = std::move(keys).error();
    }
  }
  for (const Done& done : waiting) done(answer);
}

}  // namespace aloft::federation
