#include "api/sign_in/front.h"

#include <boost/json.hpp>

#include "api/sign_in/browser.h"
#include "api/sign_in/issuer.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "platform/factors/errors.h"
#include "platform/identity/state.h"

namespace aloft::api {
namespace {

namespace json = boost::json;
using sessions::SignIn;
using sessions::WebSession;
using namespace sign_in;  // NOLINT(google-build-using-namespace): the rest of this room

constexpr std::string_view kPrefix = "/aloft/v1/";
constexpr Reason kBadRequest{ErrorKind::kInvalid, "InvalidRequest"};
constexpr std::size_t kMostBody = 16 * 1024, kMostText = 4 * 1024;

using Handler = std::function<Result<http::Response>(const Call&, const Authorized&, const json::object&)>;
using Later = std::function<void(const std::shared_ptr<const Call>&, const json::object&, Responder)>;

class Simple final : public Prepared {
 public:
  Simple(std::vector<Permission> permissions, json::object body, Handler handler)
      : permissions_(std::move(permissions)), body_(std::move(body)), handler_(std::move(handler)) {}

  std::vector<Permission> permissions() const override { return permissions_; }
  void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) override {
    respond(handler_(*call, authorized, body_));
  }

 private:
  std::vector<Permission> permissions_;
  json::object body_;
  Handler handler_;
};

// Answers when an issuer has; asks no permission.
class Waiting final : public Prepared {
 public:
  Waiting(json::object body, Later handler) : body_(std::move(body)), handler_(std::move(handler)) {}

  std::vector<Permission> permissions() const override { return {}; }
  void Run(const std::shared_ptr<const Call>& call, Authorized, Responder respond) override {
    handler_(call, body_, std::move(respond));
  }

 private:
  json::object body_;
  Later handler_;
};

std::string Text(const json::object& object, std::string_view name, std::size_t most = kMostText) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || value->as_string().size() > most) return "";
  return std::string(value->as_string());
}

// The form of a credential_process: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
std::string ShowCredentials(const identity::TemporaryCredentials& issued) {
  std::string out;
  codec::JsonWriter(out)
      .BeginObject()
      .Key("Version")
      .Int(1)
      .Key("AccessKeyId")
      .String(issued.access_key_id)
      .Key("SecretAccessKey")
      .String(issued.secret)
      .Key("SessionToken")
      .String(issued.session_token)
      .Key("Expiration")
      .String(codec::FormatIso8601(issued.session.expires))
      .Key("Arn")
      .String(issued.session.arn)
      .EndObject();
  return out;
}

Result<http::Response> Start(SignIn& sign_in, const Call& call, const json::object& body) {
  ALOFT_TRY(CheckSameSite(call.head()));
  ALOFT_ASSIGN(const WebSession made, sign_in.Start({.account = Text(body, "Account"),
                                                     .user = Text(body, "UserName"),
                                                     .password = Text(body, "Password"),
                                                     .code = Text(body, "Code"),
                                                     .new_password = Text(body, "NewPassword"),
                                                     .address = call.head().peer_address}));
  const json::value* plain = body.if_contains("Credentials");
  if (plain != nullptr && plain->is_bool() && plain->as_bool())
    return JsonAnswer(ShowCredentials(sign_in.Credentials(made.session, sessions::kWebSession)));
  return Welcome(call.head(), made, made.session.issued);
}

Result<http::Response> RevokeToken(identity::Service& identity, const Call& call, const Authorized& authorized,
                                   const json::object& body) {
  ALOFT_ASSIGN(const identity::Session token, identity.OpenEndpointToken(Text(body, "Token")));
  const std::string arn = "arn:aws:sagemaker:" + token.region.value() + ":" + token.account.value() + ":endpoint/" +
                          ToLower(token.endpoint);
  const Permission needed{"aloft:RevokeToken", arn, {}};
  const bool allowed = authorized.Allows(needed);
  const bool own = token.account == call.session.account && token.principal_id == call.session.principal_id;
  if (!allowed && !own) return authorized.Check(needed).error();
  ALOFT_TRY(identity.RevokeToken(call.session, token));
  return JsonAnswer("{}");
}

Result<json::object> ReadBody(const Call& call) {
  auto parsed = codec::ParseJson(call.body.empty() ? "{}" : std::string_view(call.body), {.max_depth = 4});
  if (!parsed.ok() || !parsed->is_object()) return Fail(kBadRequest, "The body must be a JSON object");
  return std::move(parsed->as_object());
}

Row MakeRow(std::string_view operation, unsigned authenticators, Handler handler,
            std::function<std::vector<Permission>(const Call&, const json::object&)> permissions = {}) {
  Row row;
  row.service = "aloft";
  row.operation = operation;
  row.authenticators = authenticators;
  row.max_body_bytes = kMostBody;
  if (authenticators == kAnonymous) row.open = "the password or the session's cookie decides, in the operation";
  row.prepare = [=](const Call& call) -> Result<std::unique_ptr<Prepared>> {
    ALOFT_ASSIGN(json::object body, ReadBody(call));
    std::vector<Permission> needed = permissions ? permissions(call, body) : std::vector<Permission>();
    return std::unique_ptr<Prepared>(new Simple(std::move(needed), std::move(body), handler));
  };
  return row;
}

}  // namespace

SignInFront::SignInFront(identity::Service& identity, SignIn& sign_in, sessions::SecurityTokens& tokens) {
  rows_.push_back(MakeRow("BeginIssuerSignIn", kAnonymous,
                          [&identity](const Call& call, const Authorized&, const auto&) -> Result<http::Response> {
                            return BeginIssuerSignIn(call.head(), identity.state().random);
                          }));
  Row finish = MakeRow("FinishIssuerSignIn", kAnonymous, {});
  finish.prepare = [&identity, &sign_in, &tokens](const Call& call) -> Result<std::unique_ptr<Prepared>> {
    ALOFT_ASSIGN(json::object body, ReadBody(call));
    return std::unique_ptr<Prepared>(new Waiting(
        std::move(body), [&](const std::shared_ptr<const Call>& asked, const json::object& read, Responder respond) {
          const IssuerProof proof{Text(read, "RoleArn"), Text(read, "IdToken", kMostBody)};
          FinishIssuerSignIn({identity, sign_in, tokens}, asked, proof, std::move(respond));
        }));
  };
  rows_.push_back(std::move(finish));
  rows_.push_back(MakeRow("SignIn", kAnonymous, [&sign_in](const Call& call, const Authorized&, const auto& body) {
    return Start(sign_in, call, body);
  }));
  rows_.push_back(MakeRow("GetSession", kAnonymous,
                          [&sign_in](const Call& call, const Authorized&, const auto&) -> Result<http::Response> {
                            ALOFT_ASSIGN(const WebSession session, OpenCookie(sign_in, call, false));
                            return JsonAnswer(ShowSession(session));
                          }));
  rows_.push_back(MakeRow("GetSessionCredentials", kAnonymous,
                          [&sign_in](const Call& call, const Authorized&, const auto&) -> Result<http::Response> {
                            ALOFT_ASSIGN(const WebSession session, OpenCookie(sign_in, call, true));
                            return JsonAnswer(
                                ShowCredentials(sign_in.Credentials(session.session, std::chrono::hours(1))));
                          }));
  rows_.push_back(MakeRow("SignOut", kAnonymous,
                          [&sign_in](const Call& call, const Authorized&, const auto&) -> Result<http::Response> {
                            ALOFT_ASSIGN(const WebSession session, OpenCookie(sign_in, call, true));
                            ALOFT_TRY(sign_in.End(session));
                            http::Response response = JsonAnswer("{}");
                            response.headers.Add("Set-Cookie", MakeCookie(call.head(), kSessionCookie, "", 0));
                            return response;
                          }));
  rows_.push_back(
      MakeRow("RevokeToken", kSigV4, [&identity](const Call& call, const Authorized& authorized, const auto& body) {
        return RevokeToken(identity, call, authorized, body);
      }));
  rows_.push_back(MakeRow(
      "RevokeRoleSessions", kSigV4,
      [&identity](const Call& call, const Authorized&, const json::object& body) -> Result<http::Response> {
        ALOFT_TRY(identity.RevokeRoleSessions(call.session, Text(body, "RoleName")));
        return JsonAnswer("{}");
      },
      [&identity](const Call& call, const json::object& body) -> std::vector<Permission> {
        const std::string name = Text(body, "RoleName");
        std::string arn = "arn:aws:iam::" + call.session.account.value() + ":role/" + name;
        // A policy may speak of the path, which the request does not carry.
        if (const auto role =
                identity::FindPrincipal(identity.state(), call.session.account, identity::EntityKind::kRole, name);
            role.ok() && *role != nullptr)
          arn = (*role)->entity.Arn();
        return {{"iam:PutRolePolicy", arn, {}}};
      }));
}

std::optional<Front::Claim> SignInFront::Claims(const http::RequestHead& head) const {
  if (Match(head, "").ok()) return Claim{BodyMode::kBuffered, kMostBody};
  return std::nullopt;
}

Result<const Row*> SignInFront::Match(const http::RequestHead& head, std::string_view) const {
  const std::string_view path = head.path();
  if (head.method == "POST" && path.starts_with(kPrefix))
    for (const Row& row : rows_)
      if (row.operation == path.substr(kPrefix.size())) return &row;
  return Fail(kBadRequest, "There is no such operation");
}

http::Response SignInFront::RenderError(const Error& error, const http::RequestHead& head,
                                        const RequestId& request_id) const {
  std::string text;
  codec::JsonWriter(text)
      .BeginObject()
      .Key("__type")
      .String(error.reason.name)
      .Key("message")
      .String(error.message)
      .EndObject();
  http::Response response{
      HttpStatus(error.kind()),
      {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"x-amzn-RequestId", request_id.value()}},
      std::move(text)};
  // A session that is over should not be sent again.
  if (error.reason == sessions::kNoWebSession && !FindCookie(head, kSessionCookie).empty())
    response.headers.Add("Set-Cookie", MakeCookie(head, kSessionCookie, "", 0));
  return response;
}

}  // namespace aloft::api
