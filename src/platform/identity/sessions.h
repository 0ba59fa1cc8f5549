// How temporary sessions are made; shared by the service and by STS. Private to the room.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "platform/identity/state.h"

namespace aloft::identity {

// A session of the role, without credentials and without end.
Session RoleSession(const Entity& role, std::string_view session_name);

// Gives a session credentials that end. `policies` are the documents of its session policies.
TemporaryCredentials Issue(Service::State& state, Session session, std::chrono::seconds valid_for,
                           const std::vector<std::string>& policies);

}  // namespace aloft::identity
