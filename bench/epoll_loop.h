// The least that an HTTP server can do: epoll, read, look for the empty line, write. No checks, no deadlines. What
// stands on it is a floor: a server that does its work properly is measured against it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace aloft::bench {

// Appends the response's body to `out`; returns true where the file is the body instead.
using EpollAnswer = std::function<bool(std::string_view head, std::string_view body, std::string& out)>;

// Listens on a free port of loopback, prints it, and answers for ever. `file`: what is sent where the answer says so,
// or null.
int RunEpollLoop(const char* file, const EpollAnswer& answer);

}  // namespace aloft::bench
