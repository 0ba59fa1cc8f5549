// Session and endpoint tokens: the session itself, sealed. Nothing of them is stored; docs/formats/identity.md.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "platform/identity/types.h"
#include "platform/keys/keyring.h"

namespace aloft::identity {

inline constexpr std::string_view kEndpointTokenPrefix = "aloft_";

// `policies` are the documents of the session's policies, in the order of session.session_policies.
std::string SealSessionToken(const keys::Keyring& keyring, const Credential& credential,
                             const std::vector<std::string>& policies);
// kInvalidToken. Whether it has expired is the caller's question.
Result<Credential> OpenSessionToken(const keys::Keyring& keyring, std::string_view token);

std::string SealEndpointToken(const keys::Keyring& keyring, const Session& session);
Result<Session> OpenSealedEndpointToken(const keys::Keyring& keyring, std::string_view token);

// Of a person who signed in: the session, and a secret that each changing request must repeat.
std::string SealWebSession(const keys::Keyring& keyring, const Session& session, std::string_view csrf);
// The credential's secret is the csrf secret.
Result<Credential> OpenSealedWebSession(const keys::Keyring& keyring, std::string_view token);

}  // namespace aloft::identity
