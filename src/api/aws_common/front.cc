#include "api/aws_common/front.h"

#include <algorithm>

#include "foundation/base/bytes.h"
#include "foundation/codec/uri.h"
#include "foundation/shapes/rest.h"
#include "generated/shapes/catalog.h"

namespace aloft::api {
namespace {

constexpr std::size_t kDefaultMaxBody = 1u << 20;
constexpr std::string_view kS3 = "s3";

// The service of the credential scope "AKIA.../20261122/us-east-1/sagemaker/aws4_request".
std::string ScopeService(const http::RequestHead& head) {
  std::string credential;
  std::string_view authorization = head.headers.Get("authorization");
  if (std::size_t at = authorization.find("Credential="); at != std::string_view::npos) {
    std::string_view rest = authorization.substr(at + std::string_view("Credential=").size());
    credential = rest.substr(0, rest.find_first_of(", "));
  } else if (auto query = codec::ParseQuery(head.query())) {
    if (const std::string* value = codec::Find(*query, "X-Amz-Credential")) credential = *value;
  }
  auto parts = Split(credential, '/');
  return parts.size() >= 5 ? std::string(parts[parts.size() - 2]) : std::string();
}

bool IsForm(const http::RequestHead& head) {
  return ToLower(head.headers.Get("content-type")).starts_with("application/x-www-form-urlencoded");
}

bool HasAction(const http::RequestHead& head) {
  auto query = codec::ParseQuery(head.query());
  return query && codec::Find(*query, "Action") != nullptr;
}

bool IsBearer(const http::RequestHead& head) {
  return ToLower(head.headers.Get("authorization")).starts_with("bearer ");
}

const shapes::CatalogEntry* FindInCatalog(std::string_view shapes::CatalogEntry::*field, std::string_view value) {
  auto catalog = shapes::Catalog();
  auto found = std::ranges::find(catalog, value, field);
  return found == catalog.end() || value.empty() ? nullptr : &*found;
}

std::string_view NameOfScope(std::string_view scope) {
  const auto* entry = FindInCatalog(&shapes::CatalogEntry::signing_name, scope);
  return entry != nullptr ? entry->name : scope;
}

bool Speaks(const shapes::ServiceModel& model, std::string_view protocol) {
  return std::ranges::find(model.protocols, protocol) != model.protocols.end();
}

}  // namespace

struct AwsFront::Service {
  const shapes::ServiceModel* model;
  std::vector<ErrorName> errors;
  std::map<std::string_view, std::size_t> rows;  // by operation, into rows_
  std::size_t max_body_bytes = kDefaultMaxBody;
};

// What a request names, as far as that can be told.
struct AwsFront::Route {
  const Service* service = nullptr;
  std::string service_name;  // also of one that is not built at all
  std::string operation;
  bool claimed = false;
};

AwsFront::AwsFront(std::vector<ServiceApi> services) {
  for (ServiceApi& api : services) {
    auto found = std::ranges::find_if(services_, [&](const auto& service) { return service->model == api.model; });
    if (found == services_.end()) {
      services_.push_back(std::make_unique<Service>(Service{.model = api.model, .errors = {}, .rows = {}}));
      found = services_.end() - 1;
    }
    Service& service = **found;
    service.errors.insert(service.errors.end(), api.errors.begin(), api.errors.end());
    for (Row& row : api.rows) {
      bool added = service.rows.emplace(row.operation, rows_.size()).second;
      ALOFT_CHECK(added);  // two rows of one operation
      service.max_body_bytes = std::max(service.max_body_bytes, row.max_body_bytes);
      rows_.push_back(std::move(row));
    }
  }
}

AwsFront::~AwsFront() = default;

// "/service/<name>/operation/<operation>"
AwsFront::Route AwsFront::ResolveCbor(std::string_view path) const {
  Route route;
  auto parts = Split(path, '/');
  route.claimed = parts.size() == 5 && parts[1] == "service" && parts[3] == "operation";
  if (!route.claimed) return route;
  route.operation = parts[4];
  Serve(route, parts[2], [&](const auto& model) { return model.target_prefix == parts[2]; });
  return route;
}

// "<prefix>.<operation>"
AwsFront::Route AwsFront::ResolveTarget(std::string_view target) const {
  std::size_t dot = target.rfind('.');
  std::string_view prefix = target.substr(0, dot == std::string_view::npos ? 0 : dot);
  Route route;
  route.claimed = true;
  route.operation = target.substr(dot == std::string_view::npos ? 0 : dot + 1);
  const auto* entry = FindInCatalog(&shapes::CatalogEntry::target_prefix, prefix);
  Serve(route, entry != nullptr ? entry->name : prefix,
        [&](const auto& model) { return model.target_prefix == prefix && !prefix.empty(); });
  return route;
}

// The paths of rest-json, of services that sign for `scope`; of all services where a token takes a signature's place.
AwsFront::Route AwsFront::ResolveRest(const http::RequestHead& head, std::string_view scope) const {
  for (const auto& service : services_) {
    const shapes::ServiceModel& model = *service->model;
    if (!Speaks(model, "rest-json") || (scope.empty() ? !IsBearer(head) : model.signing_name != scope)) continue;
    for (const shapes::CatalogRoute& known : shapes::CatalogRoutes())
      if (known.service == model.name && known.method == head.method && shapes::MatchUri(known.uri, head.path()))
        return Route{service.get(), std::string(model.iam_prefix), std::string(known.operation), true};
  }
  return {};
}

AwsFront::Route AwsFront::ResolveQuery(const http::RequestHead& head, std::string_view body,
                                       std::string_view scope) const {
  auto parameters = QueryParameters(head, body);
  const std::string* action = parameters ? codec::Find(*parameters, "Action") : nullptr;
  const std::string* version = parameters ? codec::Find(*parameters, "Version") : nullptr;
  Route route;
  route.claimed = true;
  route.operation = action != nullptr ? *action : "";
  Serve(route, NameOfScope(scope), [&](const auto& model) {
    if (!scope.empty()) return model.signing_name == scope && Speaks(model, "query");
    // An unsigned call (AssumeRoleWithWebIdentity) names its service by version alone.
    return Speaks(model, "query") && version != nullptr && model.version == *version &&
           shapes::Knows(model, route.operation);
  });
  return route;
}

template <class Matches>
void AwsFront::Serve(Route& route, std::string_view name, Matches matches) const {
  route.service_name = name;
  for (const auto& service : services_)
    if (matches(*service->model)) {
      route.service = service.get();
      route.service_name = service->model->iam_prefix;
      return;
    }
}

AwsFront::Route AwsFront::Resolve(const http::RequestHead& head, std::string_view body) const {
  std::string_view path = head.path();
  std::string scope = ScopeService(head);
  // Without its header, the path of CBOR may be an object of a bucket called "service".
  if (head.headers.Has("smithy-protocol") || (head.method == "POST" && !scope.empty() && scope != kS3))
    if (Route route = ResolveCbor(path); route.claimed) return route;
  if (std::string_view target = head.headers.Get("x-amz-target"); !target.empty()) return ResolveTarget(target);
  if (scope == kS3) return {};
  if (Route route = ResolveRest(head, scope); route.claimed) return route;
  if ((IsForm(head) || HasAction(head)) && (!scope.empty() || path == "/")) return ResolveQuery(head, body, scope);
  Route route;
  if (scope.empty()) return route;
  route.operation = head.method + " " + std::string(path);
  route.claimed = FindInCatalog(&shapes::CatalogEntry::signing_name, scope) != nullptr;
  Serve(route, NameOfScope(scope), [&](const auto& model) { return model.signing_name == scope; });
  route.claimed = route.claimed || route.service != nullptr;
  return route;
}

std::optional<Front::Claim> AwsFront::Claims(const http::RequestHead& head) const {
  Route route = Resolve(head, {});
  if (!route.claimed) return std::nullopt;
  Claim claim;
  if (route.service == nullptr) return claim;
  claim.max_body_bytes = route.service->max_body_bytes;
  if (auto found = route.service->rows.find(route.operation); found != route.service->rows.end()) {
    claim.body = rows_[found->second].body;
    claim.max_body_bytes = rows_[found->second].max_body_bytes;
  }
  return claim;
}

Result<const Row*> AwsFront::Match(const http::RequestHead& head, std::string_view body) const {
  Route route = Resolve(head, body);
  auto not_built = [&](const std::string& operation) {
    return Fail(kUnimplemented, route.service_name + ":" + operation + " is not built in this Aloft");
  };
  if (route.service == nullptr)
    return route.service_name.empty() ? Fail(kUnknownOperation, "The request names no known operation")
                                      : not_built(route.operation.empty() ? "*" : route.operation);
  if (auto found = route.service->rows.find(route.operation); found != route.service->rows.end())
    return &rows_[found->second];
  if (shapes::Knows(*route.service->model, route.operation)) return not_built(route.operation);
  return Fail(kUnknownOperation, "Could not find operation " + route.operation + " for service " + route.service_name);
}

http::Response AwsFront::RenderError(const Error& error, const http::RequestHead& head,
                                     const RequestId& request_id) const {
  Route route = Resolve(head, {});
  const Service* service = route.service;
  // An unsigned form names its service in the body, which is gone; the reason tells whose it is.
  for (const auto& each : services_) {
    if (service != nullptr) break;
    for (const ErrorName& name : each->errors)
      if (name.reason == error.reason) service = each.get();
  }
  const shapes::ServiceModel* model = service != nullptr ? service->model : nullptr;
  Protocol protocol = DetectProtocol(head, model);
  std::span<const ErrorName> table;
  if (service != nullptr) table = service->errors;
  return EncodeError(model, protocol, request_id, NameError(error, protocol, model, table));
}

std::string AwsFront::ErrorCode(const Error& error, const http::RequestHead& head) const {
  Route route = Resolve(head, {});
  const shapes::ServiceModel* model = route.service != nullptr ? route.service->model : nullptr;
  std::span<const ErrorName> table;
  if (route.service != nullptr) table = route.service->errors;
  return std::string(NameError(error, DetectProtocol(head, model), model, table).code);
}

}  // namespace aloft::api
