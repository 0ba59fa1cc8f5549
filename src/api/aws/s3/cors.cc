// CORS: the headers that let a browser's page use an answer, and the preflight with which a browser asks first.
#include "api/aws/s3_documents/cors.h"

#include "api/aws/s3/operation.h"

namespace aloft::api::s3 {
namespace {

constexpr char kVary[] = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

void AddRule(http::Headers& headers, const documents::CorsRule& rule, std::string_view origin) {
  std::string allowed = documents::AllowedOrigin(rule, origin);
  bool any = allowed == "*";
  headers.Add("Access-Control-Allow-Origin", std::move(allowed));
  std::string methods;
  for (const auto& method : rule.methods) methods += (methods.empty() ? "" : ", ") + method;
  headers.Add("Access-Control-Allow-Methods", std::move(methods));
  std::string exposed;
  for (const auto& name : rule.exposed) exposed += (exposed.empty() ? "" : ", ") + name;
  if (!exposed.empty()) headers.Add("Access-Control-Expose-Headers", std::move(exposed));
  if (rule.max_age) headers.Add("Access-Control-Max-Age", std::to_string(*rule.max_age));
  if (!any) headers.Add("Access-Control-Allow-Credentials", "true");
  headers.Add("Vary", kVary);
}

Result<Plan> PlanPreflight(const Context& context, const Call& call, Target target) {
  const auto& headers = call.head().headers;
  if (headers.Get("origin").empty())
    return Fail(kBadRequest, "Insufficient information. Origin request header needed.");
  std::string_view method = headers.Get("access-control-request-method");
  static constexpr std::string_view kMethods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
  if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods))
    return Fail(kBadRequest, "Invalid Access-Control-Request-Method: " +
                                 (method.empty() ? std::string("null") : std::string(method)));
  Plan plan;  // no permission: a browser asks without credentials, and learns only what the owner published
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    const auto& asked = c.head().headers;
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    if (access->cors.empty()) return Fail(kCorsForbidden, "CORSResponse: CORS is not enabled for this bucket.");
    std::string_view wanted = asked.Get("access-control-request-headers");
    const auto* rule =
        documents::FindCors(access->cors, asked.Get("origin"), asked.Get("access-control-request-method"), wanted);
    if (rule == nullptr)
      return Fail(kCorsForbidden,
                  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
                  "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not "
                  "whitelisted by the resource's CORS spec.");
    http::Response response = Answer(c, 200);
    if (!wanted.empty()) response.headers.Add("Access-Control-Allow-Headers", ToLower(wanted));
    AddRule(response.headers, *rule, asked.Get("origin"));
    return response;
  };
  return plan;
}

}  // namespace

void AddCors(const Context& context, const http::RequestHead& head, std::string_view bucket, http::Response& response) {
  std::string_view origin = head.headers.Get("origin");
  if (origin.empty() || bucket.empty() || head.method == "OPTIONS") return;
  auto access = context.access->Of(bucket);
  if (!access.ok()) return;
  const auto* rule = documents::FindCors((*access)->cors, origin, head.method);
  if (rule != nullptr) AddRule(response.headers, *rule, origin);
}

void AddCorsRows(const Context& context, std::vector<Row>& rows) {
  Row row = MakeRow(context, "CorsPreflight", PlanPreflight);
  row.authenticators = kAnonymous;
  row.open = "the bucket's CORS rules decide, before a browser signs anything";
  rows.push_back(std::move(row));
}

}  // namespace aloft::api::s3
