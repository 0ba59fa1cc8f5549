#include "api/sign_in/browser.h"

#include <chrono>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"

namespace aloft::api::sign_in {

using sessions::SignIn;
using sessions::WebSession;

namespace {

std::string FullName(const http::RequestHead& head, std::string_view name) {
  std::string out(head.tls ? "__Host-" : "");
  return out.append(name);
}

}  // namespace

// A form of another site can send neither this type of content nor its own name as the origin.
Status CheckSameSite(const http::RequestHead& head) {
  std::string_view type = head.headers.Get("content-type");
  type = type.substr(0, type.find(';'));
  if (!EqualsIgnoreCase(Trim(type), "application/json"))
    return Fail(sessions::kCrossSite, "The body must be application/json");
  const std::string_view origin = head.headers.Get("origin");
  if (origin.empty()) return {};
  const std::string own = (head.tls ? "https://" : "http://") + std::string(head.headers.Get("host"));
  if (EqualsIgnoreCase(origin, own)) return {};
  return Fail(sessions::kCrossSite, "The request comes from another site");
}

std::string_view FindCookie(const http::RequestHead& head, std::string_view name) {
  const std::string full = FullName(head, name);
  std::string_view rest = head.headers.Get("cookie");
  while (!rest.empty()) {
    const std::size_t end = rest.find(';');
    const std::string_view pair = Trim(rest.substr(0, end));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == full) return pair.substr(equals + 1);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return {};
}

std::string MakeCookie(const http::RequestHead& head, std::string_view name, std::string_view value,
                       std::int64_t seconds) {
  std::string out = FullName(head, name);
  out.append("=").append(value).append("; Path=/; Max-Age=").append(std::to_string(seconds));
  return out.append(head.tls ? "; Secure; HttpOnly; SameSite=Strict" : "; HttpOnly; SameSite=Strict");
}

Result<WebSession> OpenCookie(const SignIn& sign_in, const Call& call, bool changing) {
  ALOFT_TRY(CheckSameSite(call.head()));
  ALOFT_ASSIGN(WebSession session, sign_in.Open(FindCookie(call.head(), kSessionCookie)));
  if (changing && !ConstantTimeEqual(call.head().headers.Get("x-aloft-csrf"), session.csrf))
    return Fail(sessions::kCrossSite, "The header X-Aloft-Csrf is missing or wrong");
  return session;
}

http::Response JsonAnswer(std::string body) {
  return {200, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, std::move(body)};
}

std::string ShowSession(const WebSession& session) {
  std::string out;
  codec::JsonWriter(out)
      .BeginObject()
      .Key("Arn")
      .String(session.session.arn)
      .Key("Account")
      .String(session.session.account.value())
      .Key("UserName")
      .String(session.session.user_name)
      .Key("MultiFactor")
      .Bool(session.session.mfa != Time{})
      .Key("Expires")
      .String(codec::FormatIso8601(session.session.expires))
      .Key("CsrfToken")
      .String(session.csrf)
      .EndObject();
  return out;
}

http::Response Welcome(const http::RequestHead& head, const WebSession& session, Time now) {
  http::Response response = JsonAnswer(ShowSession(session));
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(session.session.expires - now);
  response.headers.Add("Set-Cookie", MakeCookie(head, kSessionCookie, session.token, left.count()));
  return response;
}

}  // namespace aloft::api::sign_in
