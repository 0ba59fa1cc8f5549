// The role's credentials as the agent of one task has them: it makes two keys, tells their public halves, opens what
// the server seals to the one, and shows the certificate of the other. The private halves are in this process's memory
// alone, so that no disk ever has the credentials, and whoever has them elsewhere can do nothing with the agent's.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/http/tls_identity.h"
#include "platform/compute/credentials.h"

namespace aloft::compute {

class TaskCredentials {
 public:
  TaskCredentials(std::string file, TaskId id) : file_(std::move(file)), id_(std::move(id)) {}
  ~TaskCredentials();

  // Once, before anything is read: makes both keys.
  struct PublicKeys {
    std::string sealing;  // raw (crypto/hpke.h)
    AgentKey tls;
  };
  Result<PublicKeys> MakeKeys(Random& random);

  // Those of the file as it is now: the server replaces it before they expire. kUnavailable while there are none.
  // Thread-safe, all three.
  Result<Credentials> ForAgent();
  Result<Credentials> ForCode();
  // What ForAgent's are bound to, shown to the server; empty where they are not bound.
  http::TlsIdentity Identity();

  // Until there are some, which takes the server a moment; at most half a minute. Whoever starts without them gets them
  // when the server is back.
  void Wait(const std::function<bool()>& cancelled);

 private:
  Result<Grant> Read();

  const std::string file_;
  const TaskId id_;
  std::string private_key_, tls_key_pem_;
  std::mutex mutex_;
  std::string text_;  // of the file, when it was last opened
  std::optional<Grant> opened_;
};

}  // namespace aloft::compute
