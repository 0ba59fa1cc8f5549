// Back to where an exchange is served.
#pragma once

#include <functional>

#include "foundation/http/server.h"

namespace aloft::http {

// Runs `task`, which must not wait, on the thread that serves the exchange: at once where this is that thread, soon
// from others. So what is made for an answer is made where it is sent. False, and nothing runs, once the server has
// stopped.
bool Resume(Exchange& exchange, const std::function<void()>& task);

}  // namespace aloft::http
