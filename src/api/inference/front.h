// Plain predictions over HTTP, for callers without an AWS SDK:
//
//   curl -H "Authorization: Bearer $(aloft token my-endpoint)" -d '{"features": [5.1, 3.5, 1.4, 0.2]}'
//        https://host:9710/v1/endpoints/my-endpoint/predict
//
//   POST /v1/endpoints/<name>/predict   also /endpoints/<name>/predict and /predict/<name>
//   POST /v1/endpoints/<name>/invocations   the same: MLflow's scoring clients add this path to their URL
//   GET  /v1/endpoints/<name>/ready     200 where the endpoint answers, else 503
//
// With "Accept: text/event-stream" the answer of a model that makes it piece by piece (a generator of an own
// inference.py) comes as it is made.
//
// The body goes to the model as it is; {"features": [...]} is one row, {"instances": [[...], ...]} several. A JSON list
// that the model answers comes back as {"predictions": [...]}. Errors are {"error": {"code", "message", "request_id"}}.
#pragma once

#include <vector>

#include "api/common/operation.h"
#include "services/serving/service.h"

namespace aloft::api {

class InferenceFront final : public Front {
 public:
  // `facts` tells of the endpoints, for conditions on their tags; may be null.
  explicit InferenceFront(serving::Service& serving, const FactSource* facts = nullptr);

  std::string_view name() const override { return "inference"; }
  std::optional<Claim> Claims(const http::RequestHead& head) const override;
  Result<const Row*> Match(const http::RequestHead& head, std::string_view body) const override;
  http::Response RenderError(const Error& error, const http::RequestHead& head,
                             const RequestId& request_id) const override;
  std::span<const Row> rows() const override { return rows_; }

 private:
  std::vector<Row> rows_;
};

}  // namespace aloft::api
