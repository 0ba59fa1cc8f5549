// Signed requests to an S3 endpoint: Aloft, AWS, Ceph, MinIO. Path style.
//
//   ALOFT_ASSIGN(auto client, s3::Client::Open(access, clock, random));
//   ALOFT_ASSIGN(auto answer, client->Call({.method = "GET", .bucket = "b", .key = "k"}));
//
// Thread-safe; blocks for the network: never call it on a thread of an HTTP server or client.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/http/client.h"

namespace aloft::s3 {

inline constexpr Reason kNotFound{ErrorKind::kNotFound, "S3NotFound"};
inline constexpr Reason kDenied{ErrorKind::kDenied, "S3Denied"};
inline constexpr Reason kRefused{ErrorKind::kInvalid, "S3Refused"};
inline constexpr Reason kConditionFailed{ErrorKind::kPreconditionFailed, "S3ConditionFailed"};

// Where the endpoint is and who asks. Its secrets appear in no error and no log.
struct Access {
  std::string endpoint{};  // "https://s3.example.com:9000"
  std::string region = "us-east-1";
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};
  std::string ca_pem{};  // trusted roots; empty: the system's
};

struct Patience {
  int attempts = 6;                            // in all
  std::chrono::milliseconds first_pause{100};  // doubles, with jitter
  std::chrono::milliseconds longest_pause{5'000};
  std::chrono::milliseconds timeout{60'000};  // of one attempt without progress
};

struct Request {
  std::string method = "GET";
  std::string bucket{};  // empty: the service
  std::string key{};     // empty: the bucket itself
  std::vector<std::pair<std::string, std::string>> query{};
  http::Headers headers{};
  std::string body{};
};

class Client {
 public:
  // kInvalidArgument where the endpoint is no URL.
  static Result<std::unique_ptr<Client>> Open(Access access, const Clock& clock, Random& random,
                                              const Patience& patience = {});

  // The answer of status 2xx; else kNotFound, kDenied, kConditionFailed, kRefused or kUnavailable, whose message is
  // "s3://bucket/key: Code (message)".
  Result<http::ClientResponse> Call(const Request& request);

  const Access& access() const { return access_; }

 private:
  Client(Access access, const Clock& clock, Random& random, const Patience& patience)
      : access_(std::move(access)), clock_(clock), random_(random), patience_(patience) {}
  Result<http::ClientResponse> Attempt(const Request& request);

  const Access access_;
  const Clock& clock_;
  Random& random_;
  const Patience patience_;
  http::Destination destination_;
  std::string authority_;
  std::unique_ptr<http::Client> http_;
};

}  // namespace aloft::s3
