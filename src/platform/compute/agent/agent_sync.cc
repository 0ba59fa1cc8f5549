// The part of an agent that stores directories while the code still writes them.
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "platform/compute/agent/agent.h"

namespace aloft::compute {
namespace {

// How often to look. What a kill of the machine loses is at most two looks' worth.
constexpr int kLookMillis = 2'000;

}  // namespace

StagerOptions Agent::Staging() {
  return {.ml = ml_.get(),
          .scratch = launch_.directory,
          .owner = owner(),
          .disk_bytes = launch_.limits.disk_bytes,
          .cancelled = [this] { return StopRequested(); },
          .progress = [this](std::string_view line) { log_.Line(line); }};
}

Status Agent::BringInputs() {
  Stager stager(*transfer_, Staging());
  pipes_ = std::make_unique<Pipes>(*transfer_, Staging());
  ALOFT_ASSIGN(stream_transfer_, OpenTransfer({.api_url = [this] { return CurrentApiUrl(launch_.directory); },
                                               .ca_file = launch_.ca_file,
                                               .region = spec_.region,
                                               .credentials = [this] { return credentials_.ForAgent(); },
                                               .identity = [this] { return credentials_.Identity(); },
                                               .cancelled = [this] { return streams_end_.load(); }}));
  // Who owns what a mount shows is said in the mount's own user namespace: the host's where this is root.
  constexpr uid_t kInside = 1000;
  fast_files_ = std::make_unique<FastFiles>(*stream_transfer_, Staging(), owner().value_or(kInside));
  for (const Input& input : spec_.inputs) {
    if (input.stream && !streams_)
      log_.Line("Aloft: channel " + input.channel + " is staged like input mode File, because " +
                FastFiles::Available().error().message + ".");
    ALOFT_TRY(input.pipe ? pipes_->Open(input) : Streams(input) ? fast_files_->Open(input) : stager.Bring(input));
    if (StopRequested()) return Fail(kCancelled, "stopped");
  }
  reads_ = stager.reads();
  return {};
}

// Before the sandbox is waited for: a process that waits for a file cannot even be killed.
void Agent::EndStreams() {
  streams_end_ = true;
  if (!fast_files_) return;
  fast_files_->Stop();
  for (InputRead& read : fast_files_->reads()) {
    if (command_ran_)
      log_.Line(fmt::format("Channel {}: {} of {} files were read; {} of {} bytes were fetched.", read.channel,
                            read.objects_read, read.objects, read.bytes_read, read.bytes));
    reads_.push_back(std::move(read));
  }
  if (command_ran_ && !reads_.empty()) static_cast<void>(journal_.InputsRead(reads_));
  fast_files_.reset();
}

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
