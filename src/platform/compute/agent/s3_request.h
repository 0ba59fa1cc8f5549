// One signed request to the S3 API, repeated while repeating can help.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/http/client.h"
#include "platform/compute/agent/object_transfer.h"

namespace aloft::compute {

struct S3Request {
  std::string method = "GET";
  std::string bucket;
  std::string key;  // empty: the bucket itself
  std::vector<std::pair<std::string, std::string>> query;
  http::Headers headers;
  std::string text;  // the body, where it is not of a file
  int file = -1;     // else: this part of the open file
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

class S3Requester {
 public:
  static Result<std::unique_ptr<S3Requester>> Open(TransferOptions options);

  // The answer of status 2xx. `sink` makes a new sink for each attempt. Where the API cannot be reached (it restarts),
  // the request waits for it, until the transfer is cancelled; other failures that may pass are repeated some times.
  Result<http::ClientResponse> Call(const S3Request& request,
                                    const std::function<std::shared_ptr<http::BodySink>()>& sink = nullptr);

 private:
  // `used_key` becomes the access key that signed it.
  Result<http::ClientResponse> Attempt(const S3Request& request, std::shared_ptr<http::BodySink> sink,
                                       std::string& used_key);
  bool HasOthersThan(const std::string& used_key) const;

  // A client that shows what the credentials are bound to now: a renewed certificate needs new connections. Those that
  // still use the one before keep it.
  Result<std::shared_ptr<http::Client>> CurrentClient();

  TransferOptions options_;
  std::string ca_pem_;
  std::mutex mutex_;
  http::TlsIdentity shown_;
  std::shared_ptr<http::Client> client_;
  SystemClock clock_;
};

}  // namespace aloft::compute
