#include "api/admin/endpoints.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "services/resources/arn.h"

namespace aloft::api::admin {
namespace {

std::string JsonOf(const std::vector<serving::Explanation>& found) {
  std::string text;
  codec::JsonWriter out(text);
  out.BeginObject().Key("Workers").BeginArray();
  for (const serving::Explanation& one : found) {
    out.BeginObject().Key("VariantName").String(one.variant).Key("Worker").String(one.worker).Key("Lines").BeginArray();
    for (const std::string& line : one.lines) out.String(line);
    out.EndArray().EndObject();
  }
  out.EndArray().EndObject();
  return text;
}

class Explain final : public api::Prepared {
 public:
  Explain(serving::Service& serving, std::string endpoint, api::Permission permission)
      : serving_(serving), endpoint_(std::move(endpoint)), permission_(std::move(permission)) {}

  std::vector<api::Permission> permissions() const override { return {permission_}; }
  void Run(const std::shared_ptr<const api::Call>& call, api::Authorized, api::Responder respond) override {
    serving_.Explain({call->session.account, call->region}, endpoint_,
                     [respond = std::move(respond)](Result<std::vector<serving::Explanation>> found) {
                       if (!found.ok()) return respond(std::move(found).error());
                       respond(http::Response{200, {{"Content-Type", "application/json"}}, JsonOf(*found)});
                     });
  }

 private:
  serving::Service& serving_;
  const std::string endpoint_;
  const api::Permission permission_;
};

}  // namespace

std::vector<api::Row> MakeEndpointRows(serving::Service& serving) {
  std::vector<api::Row> rows;
  api::Row explain{"aloft", "ExplainEndpoint", api::kSigV4, api::BodyMode::kBuffered, 4096, {}};
  explain.prepare = [&serving](const api::Call& call) -> Result<std::unique_ptr<api::Prepared>> {
    ALOFT_ASSIGN(boost::json::value body, codec::ParseJson(call.body.empty() ? "{}" : call.body));
    const auto* object = body.if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("EndpointName");
    if (name == nullptr || !name->is_string() || name->as_string().empty())
      return Fail(kInvalidArgument, "EndpointName is required and must be text");
    std::string endpoint(name->as_string());
    api::Permission permission{"sagemaker:DescribeEndpoint",
                               resources::SageMakerArn(call.session.account, call.region, "endpoint", endpoint),
                               {}};
    return std::unique_ptr<api::Prepared>(new Explain(serving, std::move(endpoint), std::move(permission)));
  };
  rows.push_back(std::move(explain));
  return rows;
}

}  // namespace aloft::api::admin
