// The Open Inference Protocol's doors: which of its paths a request names, and its answers. docs/serving.md has the
// forms.
//
//   GET  /v2, /v2/health/live, /v2/health/ready       the server, without credentials
//   GET  /v2/models/<endpoint>[/versions/1][/ready]   the model's tensors; whether it answers
//   POST /v2/models/<endpoint>[/versions/1]/infer
// The same below /v1/endpoints/<endpoint>, as base path of clients that know one model.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/common/operation.h"
#include "services/serving/service.h"

namespace aloft::api::open_inference {

struct Route {
  enum class What { kServer, kLive, kServerReady, kModel, kModelReady, kInfer } what = What::kServer;
  std::string endpoint;  // empty for the server's own
  std::string path;      // "/v2/models/e/infer", for the worker
};

// Absent where the path is none of these. Endpoint names are checked by the caller.
std::optional<Route> RouteOf(std::string_view path);

// {"error": "..."}, as clients read it.
http::Response Error(int status, std::string_view message);

// One row for each What, in its order. Only the server's own are open to everyone.
std::vector<Row> Rows(serving::Service& serving);

}  // namespace aloft::api::open_inference
