// How temporary sessions are made; shared by the service, by STS, and by who knows what a role will be used for.
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
// `bound_to`: Credential::bound_to.
TemporaryCredentials Issue(Service::State& state, Session session, std::chrono::seconds valid_for,
                           const std::vector<std::string>& policies, std::string bound_to = {});

// As Service::CheckPassable and IssueForRole, where the trust may ask for aws:SourceArn: the resource that the service
// will use the role for. Empty: none.
Status CheckPassableFor(Service::State& state, const Session& session, std::string_view role_arn,
                        std::string_view service_principal, std::string_view source_arn);
Result<TemporaryCredentials> IssueForRoleFor(Service::State& state, std::string_view role_arn,
                                             std::string_view session_name, std::chrono::seconds valid_for,
                                             std::string_view service_principal, std::string_view source_arn,
                                             std::string bound_to = {});

}  // namespace aloft::identity
