// Where the cloud's API is, as its URL says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aloft::compute {

struct ApiEndpoint {
  std::string scheme;     // "https", "http", "file"
  std::string authority;  // "host:port", for Host headers
  std::string host;
  std::uint16_t port = 0;

  bool is_http() const { return scheme == "https" || scheme == "http"; }
  // True where the host is no name.
  bool is_address() const;
};

std::optional<ApiEndpoint> ParseEndpoint(std::string_view url);

// What the task's launch file says now: the server writes a new one when it comes back under another address.
std::string CurrentApiUrl(const std::string& task_directory);

}  // namespace aloft::compute
