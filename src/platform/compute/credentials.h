// The role's credentials of one task, and how they come to its agent: sealed to a key that the agent makes when it
// starts and keeps in memory alone, so that no file ever holds them. docs/formats/task.md.
#pragma once

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

// The text of credentials.json for the agent whose public key (crypto/hpke.h) that is. kCryptoFailed where it is none.
Result<std::string> SealCredentials(const Credentials& credentials, const TaskId& id, std::string_view public_key,
                                    Random& random);
// kCorrupt (SealBroken) where they were sealed for another task or to another agent's key.
Result<Credentials> OpenCredentials(std::string_view text, const TaskId& id, std::string_view private_key);

// Unsealed, version 1: for agents that an earlier server started and that are still at work.
std::string EncodePlainCredentials(const Credentials& credentials);

}  // namespace aloft::compute
