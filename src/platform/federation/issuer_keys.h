// The verifying keys of issuers, fetched from them: discovery document, then key set; kept for an hour, asked for again
// when a token names a key that is not among them (rotation), and at most every 30 seconds per issuer.
//
// Whoever registers a provider chooses the URL, so the client connects only to addresses that the operator allows,
// follows no redirect, and reads at most 256 KiB. Thread-safe; never blocks.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/http/client.h"
#include "platform/federation/jwt.h"

namespace aloft::federation {

// Which networks an issuer may live in. Each includes the one before it.
enum class IssuerNetworks { kPublic, kPrivate, kLoopback };

struct IssuerOptions {
  IssuerNetworks networks = IssuerNetworks::kPublic;
  std::string ca_pem{};  // empty: the system's authorities
  std::shared_ptr<http::IoThreads> io_threads{};
};

// kInvalidArgument says what is wrong: https without query, user or fragment; http only to loopback where that is
// allowed.
Status CheckIssuerUrl(std::string_view url, IssuerNetworks networks);

class IssuerKeys {
 public:
  using Keys = std::vector<VerifyingKey>;
  using Done = std::function<void(Result<std::shared_ptr<const Keys>>)>;

  static Result<std::unique_ptr<IssuerKeys>> Create(IssuerOptions options, const Clock& clock);
  ~IssuerKeys();

  // The keys of the issuer that may hold the token's. `done` runs once: at once where they are known, else on a thread
  // of the client. kIssuerUnreachable.
  void Get(const std::string& issuer, const Jwt& jwt, Done done);

  IssuerNetworks networks() const { return options_.networks; }

 private:
  struct Issuer {
    std::shared_ptr<const Keys> keys;
    MonotonicTime fetched{}, tried{};
    bool fetching = false;
    std::vector<Done> waiting;
  };
  IssuerKeys(IssuerOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  void Fetch(const std::string& issuer);
  void FetchKeySet(const std::string& issuer, const std::string& url);
  void Finish(const std::string& issuer, Result<Keys> keys);
  void Ask(const std::string& url, std::function<void(Result<std::string>)> done);

  const IssuerOptions options_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Issuer> issuers_;
  std::unique_ptr<http::Client> client_;  // last: its destruction ends what still uses the rest
};

}  // namespace aloft::federation
