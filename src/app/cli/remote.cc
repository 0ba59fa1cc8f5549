#include "app/cli/remote.h"

#include <boost/json.hpp>
#include <charconv>

#include "app/cli/commands.h"
#include "foundation/codec/json.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

// What the server said, in whichever of the JSON error forms it said it.
std::string RemoteMessage(const http::ClientResponse& response) {
  auto parsed = codec::ParseJson(response.body);
  if (!parsed.ok() || !parsed->is_object()) return "HTTP " + std::to_string(response.status);
  const auto& object = parsed->as_object();
  auto text = [&](const char* name) -> std::string {
    const auto* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
  };
  std::string code = text("__type");
  std::string message = text("message").empty() ? text("Message") : text("message");
  if (auto hash = code.find('#'); hash != std::string::npos) code.erase(0, hash + 1);
  return code.empty() ? message : code + ": " + message;
}

Result<boost::json::value> JsonOf(const http::ClientResponse& response) {
  if (response.status >= 300) return Fail(kRemoteRefused, RemoteMessage(response));
  return codec::ParseJson(response.body);
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view url) {
  Endpoint endpoint;
  if (url.starts_with("https://")) {
    endpoint.destination.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return Fail(kInvalidArgument, "an endpoint begins with https:// or http://, not '" + std::string(url) + "'");
  }
  url = url.substr(0, url.find('/'));
  endpoint.host_header = std::string(url);
  endpoint.destination.port = endpoint.destination.tls ? 443 : 80;
  auto colon = url.rfind(':');
  if (colon != std::string_view::npos && url.find(']', colon) == std::string_view::npos) {
    std::string_view port = url.substr(colon + 1);
    auto parsed = std::from_chars(port.data(), port.data() + port.size(), endpoint.destination.port);
    if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size()) {
      return Fail(kInvalidArgument, "'" + std::string(port) + "' is no port");
    }
    url = url.substr(0, colon);
  }
  if (url.empty()) return Fail(kInvalidArgument, "the endpoint names no host");
  endpoint.destination.host = std::string(url);
  return endpoint;
}

Remote::Remote(Profile profile, Endpoint endpoint, std::unique_ptr<http::Client> client)
    : profile_(std::move(profile)), endpoint_(std::move(endpoint)), client_(std::move(client)) {}

Result<std::unique_ptr<Remote>> Remote::Connect(Profile profile) {
  ALOFT_ASSIGN(Endpoint endpoint, ParseEndpoint(profile.endpoint_url));
  http::ClientOptions options;
  if (!profile.ca_bundle.empty()) {
    ALOFT_ASSIGN(options.ca_pem, os::ReadFile(profile.ca_bundle));
  }
  ALOFT_ASSIGN(auto client, http::Client::Create(std::move(options)));
  return std::unique_ptr<Remote>(new Remote(std::move(profile), std::move(endpoint), std::move(client)));
}

Result<boost::json::value> Remote::Json(std::string_view service, std::string_view target,
                                        const boost::json::value& request) {
  std::string body;
  codec::WriteJson(request, body);
  http::Headers headers{{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", std::string(target)}};
  return Call(service, "/", std::move(headers), std::move(body));
}

Result<boost::json::value> Remote::Own(std::string_view operation, const boost::json::value& request) {
  std::string body;
  codec::WriteJson(request, body);
  return Call("aloft", "/aloft/v1/" + std::string(operation), {{"Content-Type", "application/json"}}, std::move(body));
}

Result<std::string> Remote::Query(std::string_view service, std::string form) {
  http::Headers headers{{"Content-Type", "application/x-www-form-urlencoded"}};
  ALOFT_ASSIGN(http::ClientResponse response, Send(service, "POST", "/", std::move(headers), std::move(form)));
  if (response.status >= 300) return Fail(kRemoteRefused, response.body);
  return std::move(response.body);
}

Result<std::string> Remote::UnsignedQuery(std::string form) {
  ALOFT_ASSIGN(http::ClientResponse response,
               Exchange("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}, std::move(form)));
  if (response.status >= 300) return Fail(kRemoteRefused, response.body);
  return std::move(response.body);
}

Result<std::string> Remote::Get(std::string_view service, std::string target) {
  ALOFT_ASSIGN(http::ClientResponse response, Send(service, "GET", std::move(target), {}, {}));
  if (response.status >= 300) return Fail(kRemoteRefused, response.body);
  return std::move(response.body);
}

Result<http::ClientResponse> Remote::Send(std::string_view service, std::string method, std::string target,
                                          http::Headers headers, std::string body) {
  auto question = target.find('?');
  std::string query = question == std::string::npos ? "" : target.substr(question + 1);
  crypto::SignedRequest request{method, target.substr(0, question), query, headers.fields()};
  request.headers.emplace_back("Host", endpoint_.host_header);
  std::string digest = crypto::Sha256Hex(body);
  if (service == "s3") request.headers.emplace_back("x-amz-content-sha256", digest);
  crypto::Sign(request, {profile_.access_key_id, profile_.secret_access_key, profile_.session_token}, profile_.region,
               service, digest, clock_.Now());
  http::Headers signed_headers;
  for (auto& [name, value] : request.headers) signed_headers.Add(name, value);
  return Exchange(std::move(method), std::move(target), std::move(signed_headers), std::move(body));
}

Result<http::ClientResponse> Remote::Exchange(std::string method, std::string target, http::Headers headers,
                                              std::string body) {
  http::ClientRequest send;
  send.method = std::move(method);
  send.target = std::move(target);
  send.headers = std::move(headers);
  send.body = std::move(body);
  auto response = client_->Call(endpoint_.destination, std::move(send));
  if (!response.ok()) {
    return Fail(kRemoteAway, "No Aloft server answers at " + profile_.endpoint_url + " (" + response.error().message +
                                 ").\nIs it running? `aloft status` tells, `aloft up` starts it.");
  }
  return response;
}

Result<boost::json::value> Remote::Unsigned(std::string_view operation, const boost::json::value& request) {
  std::string body;
  codec::WriteJson(request, body);
  ALOFT_ASSIGN(http::ClientResponse response, Exchange("POST", "/aloft/v1/" + std::string(operation),
                                                       {{"Content-Type", "application/json"}}, std::move(body)));
  return JsonOf(response);
}

Result<boost::json::value> Remote::Call(std::string_view service, std::string path, http::Headers headers,
                                        std::string body) {
  ALOFT_ASSIGN(http::ClientResponse response,
               Send(service, "POST", std::move(path), std::move(headers), std::move(body)));
  return JsonOf(response);
}

std::unique_ptr<Remote> Connect(const std::string& profile) {
  return OrFail(Remote::Connect(OrFail(LoadProfile(profile))));
}

std::string Text(const boost::json::object& object, std::string_view member) {
  const auto* found = object.if_contains(member);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

}  // namespace aloft::app
