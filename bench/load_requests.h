// Requests made and signed before the clock starts, so that making them costs nothing while it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::bench {

struct LoadOptions {
  std::string target = "127.0.0.1:9000";  // or a path beginning with '/' for a Unix socket
  std::string mode = "get";               // get, post, s3-put, s3-get, invoke
  std::string path = "/";                 // get, post
  std::size_t connections = 64;
  double seconds = 5;
  std::uint64_t requests = 0;  // stop after so many; 0: after `seconds`
  std::size_t body_bytes = 0;
  std::string body_file;
  std::string content_type = "application/octet-stream";
  std::vector<std::string> headers;  // "Name: value"
  std::string bearer;                // a token instead of a signature
  // s3-put, s3-get, invoke
  std::string access_key, secret, session_token;
  std::string region = "us-east-1";
  std::string bucket = "bench";
  std::string prefix = "object-";
  std::size_t keys = 256;
  std::string paths_file;         // s3-put, s3-get: a line per request, "/bucket/key?query", instead of prefix and keys
  bool unsigned_payload = false;  // the body's digest is not part of the signature, as SDKs do over TLS
  std::string endpoint;
};

// One request: its head, and a body that all share.
struct PreparedRequest {
  std::string head;
  std::shared_ptr<const std::string> body;
};

Result<std::vector<PreparedRequest>> PrepareRequests(const LoadOptions& options);

}  // namespace aloft::bench
