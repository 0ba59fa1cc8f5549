#include "load_requests.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "foundation/base/clock.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/sigv4.h"

namespace aloft::bench {
namespace {

Result<std::shared_ptr<const std::string>> MakeBody(const LoadOptions& options) {
  if (options.body_file.empty()) {
    std::string body(options.body_bytes, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i * 7 % 26);
    return std::make_shared<const std::string>(std::move(body));
  }
  std::ifstream file(options.body_file, std::ios::binary);
  if (!file) return Fail(kInvalidArgument, "cannot read " + options.body_file);
  std::ostringstream text;
  text << file.rdbuf();
  return std::make_shared<const std::string>(std::move(text).str());
}

std::string HostOf(const LoadOptions& options) {
  return options.target.starts_with('/') ? "localhost" : options.target;
}

std::string Head(const std::string& method, const std::string& target, const crypto::HeaderList& headers,
                 std::size_t body_size) {
  std::string head = method + " " + target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  if (method != "GET") head += "Content-Length: " + std::to_string(body_size) + "\r\n";
  return head + "\r\n";
}

Result<std::vector<std::string>> PathsOf(const LoadOptions& options) {
  std::vector<std::string> paths;
  if (options.paths_file.empty()) {
    for (std::size_t i = 0; i < options.keys; ++i)
      paths.push_back("/" + options.bucket + "/" + options.prefix + std::to_string(i));
    return paths;
  }
  std::ifstream file(options.paths_file);
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) paths.push_back(line);
  if (paths.empty()) return Fail(kInvalidArgument, "no paths in " + options.paths_file);
  return paths;
}

}  // namespace

Result<std::vector<PreparedRequest>> PrepareRequests(const LoadOptions& options) {
  ALOFT_ASSIGN(std::shared_ptr<const std::string> body, MakeBody(options));
  const auto nothing = std::make_shared<const std::string>();
  const crypto::SigningCredentials credentials{options.access_key, options.secret, options.session_token};
  const Time now = SystemClock().Now();
  std::string method = "GET";
  std::string service;
  std::vector<std::string> paths{options.path};
  if (options.mode == "post") {
    method = "POST";
  } else if (options.mode == "s3-put" || options.mode == "s3-get") {
    method = options.mode == "s3-put" ? "PUT" : "GET";
    service = "s3";
    ALOFT_ASSIGN(paths, PathsOf(options));
  } else if (options.mode == "invoke") {
    method = "POST";
    service = "sagemaker";
    paths = {"/endpoints/" + options.endpoint + "/invocations"};
  } else if (options.mode != "get") {
    return Fail(kInvalidArgument, "unknown mode " + options.mode);
  }
  if (method == "GET") body = nothing;
  const std::string digest = service.empty()                               ? ""
                             : options.unsigned_payload && method == "PUT" ? "UNSIGNED-PAYLOAD"
                                                                           : crypto::Sha256Hex(*body);

  std::vector<PreparedRequest> requests;
  for (const std::string& path : paths) {
    const std::size_t question = std::min(path.find('?'), path.size());
    const std::string query = path.substr(std::min(question + 1, path.size()));
    crypto::SignedRequest request{method, path.substr(0, question), query, {{"Host", HostOf(options)}}};
    if (method != "GET") request.headers.emplace_back("Content-Type", options.content_type);
    for (const std::string& header : options.headers) {
      const std::size_t colon = header.find(": ");
      if (colon == std::string::npos) return Fail(kInvalidArgument, "not \"Name: value\": " + header);
      request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 2));
    }
    if (!options.bearer.empty())
      request.headers.emplace_back("Authorization", "Bearer " + options.bearer);
    else if (!service.empty())
      crypto::Sign(request, credentials, options.region, service, digest, now);
    requests.push_back({Head(method, path, request.headers, body->size()), body});
  }
  return requests;
}

}  // namespace aloft::bench
