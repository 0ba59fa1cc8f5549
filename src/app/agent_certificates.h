// The client certificates of tasks' agents: issued by the installation's own authority to the key that an agent made
// and told, for as long as the session that is bound to that key. docs/adr/009.
#pragma once

#include "app/config.h"
#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "platform/compute/credentials.h"
#include "platform/keys/keyring.h"

namespace aloft::app {

struct AgentCertificate {
  std::string pem;
  std::string key_sha256_hex;  // what a session is bound to
};

// Its common name is the task, its alternative name aloft-task://HOST/TASK. kBadCertificate where the agent told no key
// of P-256. Blocks on the disk.
Result<AgentCertificate> CertifyAgent(const Config& config, const keys::Keyring& keyring, const compute::TaskId& task,
                                      const compute::AgentKey& agent, Time now, Time not_after);

}  // namespace aloft::app
