#include "platform/compute/agent/task_credentials.h"

#include <chrono>
#include <thread>

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
}

std::string TaskCredentials::MakeKey(Random& random) {
  private_key_.resize(crypto::kHpkeKeySize);
  random.Fill({reinterpret_cast<std::uint8_t*>(private_key_.data()), private_key_.size()});
  return crypto::HpkePublicKey(private_key_);
}

Result<Credentials> TaskCredentials::Read() {
  auto text = os::ReadFile(file_);
  if (!text.ok()) return Fail(kUnavailable, "the server has not given the task its credentials yet");
  {
    std::lock_guard lock(mutex_);
    if (opened_ && text_ == *text) return *opened_;
  }
  ALOFT_ASSIGN(Credentials opened, OpenCredentials(*text, id_, private_key_));
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
