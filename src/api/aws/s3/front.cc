#include "api/aws/s3/front.h"

#include <algorithm>

#include "api/aws/s3/errors.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3/request.h"

namespace aloft::api::s3 {

struct Front::State {
  Context context;
  std::vector<Row> rows;
};

Front::Front(Dependencies dependencies, Options options)
    : state_(std::make_unique<State>(State{{dependencies, std::move(options)}, {}})) {
  AddBucketRows(state_->context, state_->rows);
  AddConfigurationRows(state_->context, state_->rows);
  AddListingRows(state_->context, state_->rows);
  AddGetRows(state_->context, state_->rows);
  AddPutRows(state_->context, state_->rows);
  AddCopyRows(state_->context, state_->rows);
  AddDeleteRows(state_->context, state_->rows);
  AddMultipartRows(state_->context, state_->rows);
  AddTaggingRows(state_->context, state_->rows);
}

Front::~Front() = default;

std::span<const Row> Front::rows() const {
  return state_->rows;
}

std::optional<api::Front::Claim> Front::Claims(const http::RequestHead& head) const {
  Claim claim;
  claim.max_body_bytes = 64 * 1024;
  // Only what is known to take a body of its own takes one; the errors come when the row is matched.
  auto row = Match(head, {});
  if (!row.ok()) return claim;
  claim.body = (*row)->body;
  claim.max_body_bytes = (*row)->max_body_bytes;
  return claim;
}

Result<const Row*> Front::Match(const http::RequestHead& head, std::string_view) const {
  ALOFT_ASSIGN(Target target, ParseTarget(head, state_->context.options.domain));
  std::string_view service = SignedService(head, target.query);
  if (!service.empty() && service != "s3")
    return Fail(kWrongService, "The service " + std::string(service) + " is not built in this Aloft.");
  ALOFT_ASSIGN(std::string_view operation, NameOperation(head, target));
  const auto& rows = state_->rows;
  auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.operation == operation; });
  if (found != rows.end()) return &*found;
  return Fail(kNotImplemented, "A header or query you provided asks for s3:" + std::string(operation) +
                                   ", which is not built in this "
                                   "Aloft.");
}

http::Response Front::RenderError(const Error& error, const http::RequestHead& head,
                                  const RequestId& request_id) const {
  WireError wire = NameError(error);
  http::Response response;
  response.status = wire.status;
  response.headers.Add("x-amz-request-id", request_id.value());
  response.headers.Add("x-amz-id-2", request_id.value());
  response.headers.Add("Server", "Aloft");
  if (head.method == "HEAD") return response;  // clients take the status for the error
  std::string body;
  codec::XmlWriter xml(body);
  xml.Open("Error").Element("Code", wire.code);
  xml.Element("Message", wire.status >= 500 && error.kind() != ErrorKind::kUnimplemented &&
                                 error.kind() != ErrorKind::kUnavailable && error.kind() != ErrorKind::kExhausted
                             ? std::string_view("We encountered an internal error. Please try again.")
                             : std::string_view(error.message));
  xml.Element("Resource", head.path()).Element("RequestId", request_id.value()).Element("HostId", request_id.value());
  xml.Close();
  response.headers.Add("Content-Type", "application/xml");
  response.body = std::move(body);
  return response;
}

}  // namespace aloft::api::s3
