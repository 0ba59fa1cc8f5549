// Connections out of a sandbox's network that an agent makes in its place.
#pragma once

#include <sys/socket.h>

#include <string>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::compute {

// Connects this socket, which does not block, within ten seconds.
Result<os::Fd> Connect(os::Fd socket, const sockaddr* address, socklen_t length);

// The first of the name's addresses that answers, this host's own among them.
Result<os::Fd> ConnectAnywhere(const std::string& host, const std::string& port);

// The address that may be connected to, or why not: this host's addresses, loopback and link-local are refused.
Result<os::Fd> ConnectOutside(const std::string& host, const std::string& port);

}  // namespace aloft::compute
