// <data>/run/server.json: how the command line on the same machine finds a running server. Written when the server is
// ready, removed when it stops; a stale one is recognised by the process's start time.
#pragma once

#include <cstdint>
#include <string>

#include "foundation/base/result.h"

namespace aloft::app {

inline constexpr Reason kNoServer{ErrorKind::kNotFound, "NoServer"};

struct ServerInfo {
  int pid = 0;
  std::uint64_t start_ticks = 0;  // of the process, from /proc/<pid>/stat: tells a reused pid
  std::string url;
  std::string ca_file;  // empty without TLS, and with a certificate of the operator's own
  std::string region;
  std::string account;
  std::string version;
  std::int64_t started_at_millis = 0;
};

// The start time of a process in clock ticks since boot; 0 where there is no such process.
std::uint64_t ProcessStartTicks(int pid);

Status WriteServerInfo(const std::string& run_directory, const ServerInfo& info);
// kNoServer where none runs on this data directory.
Result<ServerInfo> ReadServerInfo(const std::string& data_directory);
void RemoveServerInfo(const std::string& run_directory);

}  // namespace aloft::app
