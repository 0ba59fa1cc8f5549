// The part of an agent that stores directories while the code still writes them.
#include <poll.h>
#include <sys/eventfd.h>

#include "platform/compute/agent/agent.h"

namespace aloft::compute {
namespace {

// How often to look. What a kill of the machine loses is at most two looks' worth.
constexpr int kLookMillis = 2'000;

}  // namespace

void Agent::StartSyncs() {
  if (syncs_.empty()) return;
  sync_stop_ = os::Fd(::eventfd(0, EFD_CLOEXEC));
  if (!sync_stop_) return;  // the last look stores everything
  syncer_ = std::thread([this] {
    bool told = false;
    for (;;) {
      pollfd wait{sync_stop_.get(), POLLIN, 0};
      ::poll(&wait, 1, kLookMillis);
      if (wait.revents != 0) return;
      for (DirectorySync& sync : syncs_) {
        auto looked = sync.Look(false);
        if (looked.ok() || told) continue;
        log_.Line("Aloft: " + sync.s3_uri() + " cannot be kept up to date: " + looked.error().message);
        told = true;
      }
    }
  });
}

void Agent::StopSyncs() {
  if (!syncer_.joinable()) return;
  ::eventfd_write(sync_stop_.get(), 1);
  syncer_.join();
}

bool Agent::FinishSyncs(End& end, bool failed) {
  for (DirectorySync& sync : syncs_) {
    auto stored = sync.Look(true);
    if (stored.ok()) continue;
    if (!failed) end = {Outcome::kOutputFailed, sync.s3_uri() + ": " + stored.error().message, false};
    return false;
  }
  return true;
}

}  // namespace aloft::compute
