#include "platform/compute/agent/task_credentials.h"

#include <limits.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "foundation/crypto/client_certificate.h"
#include "foundation/crypto/hpke.h"
#include "foundation/crypto/wipe.h"
#include "foundation/os/file.h"

namespace aloft::compute {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kFirstPause{1}, kLongestPause{50};

}  // namespace

TaskCredentials::~TaskCredentials() {
  crypto::Wipe(private_key_);
  crypto::Wipe(tls_key_pem_);
}

Result<TaskCredentials::PublicKeys> TaskCredentials::MakeKeys(Random& random) {
  private_key_.resize(crypto::kHpkeKeySize);
  random.Fill({reinterpret_cast<std::uint8_t*>(private_key_.data()), private_key_.size()});
  ALOFT_ASSIGN(crypto::ClientKey tls, crypto::MakeClientKey());
  tls_key_pem_ = std::move(tls.key_pem);
  char host[HOST_NAME_MAX + 1] = "";
  ::gethostname(host, sizeof host - 1);
  return PublicKeys{crypto::HpkePublicKey(private_key_), {std::move(tls.public_key), host}};
}

Result<Credentials> TaskCredentials::ForAgent() {
  ALOFT_ASSIGN(Grant grant, Read());
  return std::move(grant.agent);
}

Result<Credentials> TaskCredentials::ForCode() {
  ALOFT_ASSIGN(Grant grant, Read());
  if (grant.code) return std::move(*grant.code);
  if (grant.certificate_pem.empty()) return std::move(grant.agent);
  return Fail(kUnavailable, "the task's code has no credentials");
}

http::TlsIdentity TaskCredentials::Identity() {
  const auto grant = Read();
  if (!grant.ok() || grant->certificate_pem.empty()) return {};
  return {.certificate_chain_pem = grant->certificate_pem, .private_key_pem = tls_key_pem_};
}

Result<Grant> TaskCredentials::Read() {
  auto text = os::ReadFile(file_);
  if (!text.ok()) return Fail(kUnavailable, "the server has not given the task its credentials yet");
  {
    std::lock_guard lock(mutex_);
    if (opened_ && text_ == *text) return *opened_;
  }
  ALOFT_ASSIGN(Grant opened, OpenCredentials(*text, id_, private_key_));
  std::lock_guard lock(mutex_);
  text_ = std::move(*text);
  opened_ = opened;
  return opened;
}

void TaskCredentials::Wait(const std::function<bool()>& cancelled) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (auto pause = kFirstPause; !Read().ok() && !cancelled() && std::chrono::steady_clock::now() < until;
       pause = std::min(pause * 2, kLongestPause))
    std::this_thread::sleep_for(pause);
}

}  // namespace aloft::compute
