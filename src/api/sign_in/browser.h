// What keeps other sites and scripts from a browser's session: its cookie, the page's secret, the origin. Private to
// the room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/common/operation.h"
#include "platform/sessions/sign_in.h"

namespace aloft::api::sign_in {

// sessions::kCrossSite for what a form or a script of another site could have sent.
Status CheckSameSite(const http::RequestHead& head);

// Over TLS with the prefix "__Host-": browsers then keep them only for the host that set them.
inline constexpr std::string_view kSessionCookie = "aloft", kBeginCookie = "aloft-begin";
std::string_view FindCookie(const http::RequestHead& head, std::string_view name);
// A header's value; zero seconds: the browser forgets it.
std::string MakeCookie(const http::RequestHead& head, std::string_view name, std::string_view value,
                       std::int64_t seconds);

// The session of the request's cookie; where the call changes something the page must repeat its secret.
Result<sessions::WebSession> OpenCookie(const sessions::SignIn& sign_in, const Call& call, bool changing);

http::Response JsonAnswer(std::string body);
// What the page may know of the session, and its cookie.
http::Response Welcome(const http::RequestHead& head, const sessions::WebSession& session, Time now);
std::string ShowSession(const sessions::WebSession& session);

}  // namespace aloft::api::sign_in
