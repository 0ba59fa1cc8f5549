#include "platform/compute/agent/api_endpoint.h"

#include <arpa/inet.h>

#include <charconv>

#include "foundation/os/file.h"
#include "platform/compute/task_files.h"

namespace aloft::compute {

bool ApiEndpoint::is_address() const {
  in6_addr ignored;
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 || host.find(':') != std::string::npos;
}

std::optional<ApiEndpoint> ParseEndpoint(std::string_view url) {
  std::size_t end = url.find("://");
  if (end == std::string_view::npos) return std::nullopt;
  ApiEndpoint endpoint;
  endpoint.scheme = url.substr(0, end);
  std::string_view authority = url.substr(end + 3);
  authority = authority.substr(0, authority.find('/'));
  endpoint.authority = authority;
  endpoint.port = endpoint.scheme == "https" ? 443 : 80;
  std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && !authority.ends_with(']')) {
    auto [last, error] =
        std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), endpoint.port);
    if (error != std::errc() || last != authority.data() + authority.size()) return std::nullopt;
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  endpoint.host = authority;
  return endpoint;
}

std::string CurrentApiUrl(const std::string& task_directory) {
  auto text = os::ReadFile(task_directory + "/" + kLaunchFile);
  auto launch = text.ok() ? DecodeLaunch(*text) : Result<Launch>(text.error());
  return launch.ok() ? launch->api_url : std::string();
}

}  // namespace aloft::compute
