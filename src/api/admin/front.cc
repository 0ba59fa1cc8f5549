#include "api/admin/front.h"

#include <boost/json.hpp>
#include <set>

#include "api/admin/check_objects.h"
#include "api/admin/endpoints.h"
#include "api/admin/explain_access.h"
#include "api/admin/jobs.h"
#include "api/admin/quotas.h"
#include "foundation/codec/json.h"

namespace aloft::api::admin {
namespace {

constexpr Reason kUnknownPath{ErrorKind::kNotFound, "UnknownPath"};
constexpr std::string_view kPrefix = "/aloft/v1/";
constexpr int kMaxTokenSeconds = 12 * 3600;

using Answer = std::function<Result<std::string>(const api::Call&)>;

// An operation whose permissions and answer are known once its request is decoded.
class Simple final : public api::Prepared {
 public:
  Simple(std::vector<api::Permission> permissions, std::string content_type, Answer answer)
      : permissions_(std::move(permissions)), content_type_(std::move(content_type)), answer_(std::move(answer)) {}

  std::vector<api::Permission> permissions() const override { return permissions_; }
  void Run(const std::shared_ptr<const api::Call>& call, api::Authorized, api::Responder respond) override {
    auto text = answer_(*call);
    if (!text.ok()) return respond(std::move(text).error());
    respond(http::Response{200, {{"Content-Type", content_type_}}, std::move(*text)});
  }

 private:
  std::vector<api::Permission> permissions_;
  std::string content_type_;
  Answer answer_;
};

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.empty();
}

std::string EndpointArn(const Region& region, const AccountId& account, const std::string& name) {
  return "arn:aws:sagemaker:" + region.value() + ":" + account.value() + ":endpoint/" + name;
}

Result<std::unique_ptr<api::Prepared>> PrepareToken(const api::Call& call, identity::Service& identity) {
  ALOFT_ASSIGN(boost::json::value body, codec::ParseJson(call.body.empty() ? "{}" : call.body));
  const auto* object = body.if_object();
  const auto* name = object == nullptr ? nullptr : object->if_contains("EndpointName");
  if (name == nullptr || !name->is_string() || name->as_string().empty()) {
    return Fail(kInvalidArgument, "EndpointName is required and must be text");
  }
  std::int64_t seconds = 3600;
  if (const auto* given = object->if_contains("DurationSeconds")) {
    if (!given->is_int64() || given->as_int64() < 60 || given->as_int64() > kMaxTokenSeconds) {
      return Fail(kInvalidArgument, "DurationSeconds must be a number from 60 to " + std::to_string(kMaxTokenSeconds));
    }
    seconds = given->as_int64();
  }
  std::string endpoint(name->as_string());
  Answer answer = [&identity, endpoint, seconds](const api::Call& c) -> Result<std::string> {
    ALOFT_ASSIGN(std::string token, identity.IssueEndpointToken(c.session, c.session.account, c.region, endpoint,
                                                                std::chrono::seconds(seconds)));
    std::string text;
    codec::JsonWriter(text).BeginObject().Key("Token").String(token).Key("ExpiresInSeconds").Int(seconds).EndObject();
    return text;
  };
  std::vector<api::Permission> permissions{
      {"sagemaker:InvokeEndpoint", EndpointArn(call.region, call.session.account, endpoint), {}}};
  return std::unique_ptr<api::Prepared>(new Simple(std::move(permissions), "application/json", std::move(answer)));
}

std::string OperationsJson(const std::vector<const api::Front*>& fronts) {
  std::set<std::pair<std::string_view, std::string_view>> operations;
  for (const api::Front* front : fronts) {
    for (const api::Row& row : front->rows()) operations.emplace(row.service, row.operation);
  }
  std::string text;
  codec::JsonWriter json(text);
  json.BeginObject().Key("Operations").BeginArray();
  for (const auto& [service, operation] : operations) {
    json.BeginObject().Key("Service").String(service).Key("Operation").String(operation).EndObject();
  }
  json.EndArray().EndObject();
  return text;
}

std::string KeyringJson(const keys::KeyringStatus& status, const keys::ResealStatus& resealed) {
  std::string text;
  codec::JsonWriter json(text);
  json.BeginObject().Key("Root").String(status.scheme).Key("Keys").BeginArray();
  for (const std::string& id : status.ids) json.String(id);
  const bool present = resealed.key == status.ids.front();
  json.EndArray().Key("Resealed").BeginObject();
  json.Key("Complete").Bool(status.ids.size() == 1 || (present && resealed.complete));
  json.Key("Seals").Int(static_cast<std::int64_t>(present ? resealed.seen : 0));
  json.Key("Renewed").Int(static_cast<std::int64_t>(present ? resealed.renewed : 0));
  json.Key("Failed").Int(static_cast<std::int64_t>(present ? resealed.failed : 0));
  json.EndObject().EndObject();
  return text;
}

// A row that needs one permission, or none where `open` says why anybody may ask.
api::Row MakeRow(std::string_view operation, unsigned authenticators, std::vector<api::Permission> permissions,
                 std::string content_type, Answer answer, std::string_view open = {}) {
  api::Row row{"aloft", operation, authenticators, api::BodyMode::kBuffered, 64 * 1024, {}, {}, open};
  row.prepare = [=](const api::Call&) -> Result<std::unique_ptr<api::Prepared>> {
    return std::unique_ptr<api::Prepared>(new Simple(permissions, content_type, answer));
  };
  return row;
}

}  // namespace

AdminFront::AdminFront(AdminSources sources) : sources_(std::move(sources)) {
  constexpr std::string_view kProbes = "load balancers probe without credentials, and learn nothing else";
  const unsigned nobody = api::kAnonymous | api::kSigV4;
  rows_.push_back(MakeRow(
      "Health", nobody, {}, "text/plain", [](const api::Call&) -> Result<std::string> { return std::string("ok\n"); },
      kProbes));
  rows_.push_back(MakeRow(
      "Ready", nobody, {}, "text/plain",
      [this](const api::Call&) -> Result<std::string> {
        ALOFT_TRY(sources_.ready());
        return std::string("ready\n");
      },
      kProbes));
  api::Row metrics{"aloft", "GetMetrics", nobody, api::BodyMode::kBuffered, 1024, {}, {}, "on this machine itself"};
  metrics.prepare = [this](const api::Call& call) -> Result<std::unique_ptr<api::Prepared>> {
    std::vector<api::Permission> permissions;
    if (!IsLoopback(call.head().peer_address)) permissions.push_back({"aloft:GetMetrics", "*", {}});
    Answer answer = [this](const api::Call&) -> Result<std::string> { return sources_.metrics.Expose(); };
    return std::unique_ptr<api::Prepared>(
        new Simple(std::move(permissions), "text/plain; version=0.0.4; charset=utf-8", std::move(answer)));
  };
  rows_.push_back(std::move(metrics));
  rows_.push_back(MakeRow(
      "GetStatus", api::kSigV4, {}, "application/json",
      [this](const api::Call&) -> Result<std::string> { return sources_.status_json(); },
      "every caller may see which server it talks to"));
  rows_.push_back(
      MakeRow("ListOperations", api::kSigV4, {{"aloft:ListOperations", "*", {}}}, "application/json",
              [this](const api::Call&) -> Result<std::string> { return OperationsJson(sources_.all_fronts()); }));
  rows_.push_back(MakeRow("GetKeyringStatus", api::kSigV4, {{"aloft:GetKeyringStatus", "*", {}}}, "application/json",
                          [this](const api::Call&) -> Result<std::string> {
                            return KeyringJson(sources_.keyring.GetStatus(), sources_.resealer.GetStatus());
                          }));
  rows_.push_back(MakeRow("RotateRootKey", api::kSigV4, {{"aloft:RotateRootKey", "*", {}}}, "application/json",
                          [this](const api::Call&) -> Result<std::string> {
                            ALOFT_TRY(sources_.keyring.Rotate());
                            return KeyringJson(sources_.keyring.GetStatus(), sources_.resealer.GetStatus());
                          }));
  api::Row token{"aloft", "IssueEndpointToken", api::kSigV4, api::BodyMode::kBuffered, 4096, {}};
  token.prepare = [this](const api::Call& call) { return PrepareToken(call, sources_.identity); };
  rows_.push_back(std::move(token));
  for (api::Row& row : MakeJobRows(sources_.training, sources_.backend)) rows_.push_back(std::move(row));
  for (api::Row& row : MakeEndpointRows(sources_.serving)) rows_.push_back(std::move(row));
  for (api::Row& row : MakeQuotaRows(sources_.quotas, sources_.home)) rows_.push_back(std::move(row));
  rows_.push_back(MakeCheckObjectsRow(sources_.objects, sources_.home));
  rows_.push_back(MakeExplainAccessRow(sources_.identity, sources_.all_fronts, sources_.kms_keys));
}

std::optional<api::Front::Claim> AdminFront::Claims(const http::RequestHead& head) const {
  auto path = head.path();
  bool get = head.method == "GET" || head.method == "HEAD";
  bool plain = path == "/healthz" || path == "/readyz" || path == "/metrics";
  if ((get && plain) || path.starts_with(kPrefix)) return Claim{api::BodyMode::kBuffered, 64 * 1024};
  return std::nullopt;
}

Result<const api::Row*> AdminFront::Match(const http::RequestHead& head, std::string_view) const {
  auto path = head.path();
  std::string_view operation;
  if (path == "/healthz") operation = "Health";
  if (path == "/readyz") operation = "Ready";
  if (path == "/metrics") operation = "GetMetrics";
  if (path.starts_with(kPrefix) && head.method == "POST") operation = path.substr(kPrefix.size());
  for (const auto& row : rows_) {
    if (row.operation == operation) return &row;
  }
  return Fail(kUnknownPath, "There is no operation " + head.method + " " + std::string(path));
}

http::Response AdminFront::RenderError(const Error& error, const http::RequestHead&,
                                       const RequestId& request_id) const {
  std::string text;
  codec::JsonWriter(text)
      .BeginObject()
      .Key("__type")
      .String(error.reason.name)
      .Key("message")
      .String(error.message)
      .EndObject();
  return {HttpStatus(error.kind()),
          {{"Content-Type", "application/json"}, {"x-amzn-RequestId", request_id.value()}},
          std::move(text)};
}

}  // namespace aloft::api::admin
