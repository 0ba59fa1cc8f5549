// The role's credentials of one task, and how they come to its agent: sealed to a key that the agent makes when it
// starts and keeps in memory alone, so that no file ever holds them. docs/formats/task.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "platform/compute/task.h"

namespace aloft::compute {

struct Credentials {
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};
  Time expires{};
};

// A session of the role that holds only beside a key, and that key's certificate.
struct BoundCredentials {
  Credentials credentials{};
  std::string certificate_pem{};
};

// What one task is given: a session of the role for its agent and, where that one is bound to the agent's TLS key,
// another one for its code, which has no key.
struct Grant {
  Credentials agent{};
  std::string certificate_pem{};      // of the agent's TLS key; empty: the agent's session is not bound
  std::optional<Credentials> code{};  // absent beside a certificate: the code gets none; absent without: the agent's
};

// A living agent's TLS key, as its journal tells it.
struct AgentKey {
  std::string public_key{};  // SubjectPublicKeyInfo, DER; empty: it has none
  std::string host{};        // where it says that it runs
};

// The text of credentials.json for the agent whose public key (crypto/hpke.h) that is. kCryptoFailed where it is none.
Result<std::string> SealCredentials(const Grant& grant, const TaskId& id, std::string_view public_key, Random& random);
// kCorrupt (SealBroken) where they were sealed for another task or to another agent's key.
Result<Grant> OpenCredentials(std::string_view text, const TaskId& id, std::string_view private_key);

// Unsealed, version 1: for agents that an earlier server started and that are still at work.
std::string EncodePlainCredentials(const Credentials& credentials);

}  // namespace aloft::compute
