// A request that waits for its answer in S3, as it is stored.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "foundation/base/clock.h"
#include "services/models/types.h"

namespace aloft::async_inference {

using models::Scope;

struct Request {
  Scope scope;
  std::string endpoint;
  std::string id;  // ours; the caller's is `inference_id`
  Time created;
  int attempts = 0;   // to get an answer, that found no worker or were cut off
  std::string input;  // "s3://...", or empty: `body`
  std::string body;   // given with the request, at most 128,000 bytes
  std::string content_type, accept, custom_attributes, inference_id;
  std::string output, failure;        // "s3://..."; failure may be empty
  std::chrono::seconds ttl{21'600};   // that it may wait
  std::chrono::seconds timeout{900};  // of the prediction
};

}  // namespace aloft::async_inference
