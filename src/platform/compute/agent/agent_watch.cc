// The part of an agent that waits: for the command's end, a wish to stop, and limits.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstring>

#include "foundation/codec/utf8.h"
#include "platform/compute/agent/agent.h"
#include "platform/compute/agent/disk_usage.h"

namespace aloft::compute {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMaxFailure = 1024;

// The failure file's text, cut where a character ends.
std::string FailureText(int ml) {
  std::string text = ReadBeneath(ml, "output/failure", kMaxFailure + 4);
  if (text.size() > kMaxFailure) {
    text.resize(kMaxFailure);
    while (!text.empty() && (text.back() & 0xC0) == 0x80) text.pop_back();
    if (!text.empty() && (text.back() & 0x80) != 0) text.pop_back();
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// What the code says to whoever asks how it went; what is not UTF-8 would spoil the answer.
std::string ExitMessage(int ml) {
  std::string text = ReadBeneath(ml, "output/message", kMaxFailure);
  return codec::IsUtf8(text) ? text : std::string();
}

std::string Gibibytes(std::uint64_t bytes) {
  return fmt::format("{:.2f} GiB", static_cast<double>(bytes) / (1u << 30));
}

}  // namespace

Agent::Reason Agent::Watch() {
  meter_ = std::make_unique<UsageMeter>(launch_.directory, launch_.limits, clock_);
  os::Fd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(changes.get(), launch_.directory.c_str(), IN_CREATE | IN_MOVED_TO);
  auto started = Steady::now();
  auto kill_at = Steady::time_point::max();
  bool killed = false;
  auto disk_at = started + milliseconds(100);
  Reason reason = Reason::kNone;
  auto end_politely = [&](Reason why, std::chrono::seconds grace) {
    if (reason != Reason::kNone) return;
    reason = why;
    sandbox_->Terminate();
    kill_at = Steady::now() + grace;
  };
  for (;;) {
    if (reason == Reason::kNone && StopRequested()) end_politely(Reason::kStop, spec_.stop_grace);
    auto now = Steady::now();
    if (reason == Reason::kStop && !killed && StopModeNow() == StopMode::kDiscard) kill_at = std::min(kill_at, now);
    if (spec_.max_runtime.count() > 0 && now >= started + spec_.max_runtime)
      end_politely(Reason::kMaxRuntime, spec_.stop_grace);
    if (now >= disk_at) {
      // Whoever deletes a data directory means its tasks, too: nobody could ever ask for them again.
      if (::access(Inside(kSpecFile).c_str(), F_OK) != 0 && errno == ENOENT) {
        end_politely(Reason::kStop, std::chrono::seconds(0));
        kill_at = std::min(kill_at, now);
      }
      auto used = DiskUsage(Written(), sandbox_->Processes());
      if (meter_->IsDue(now)) {
        auto held = cgroups_->Usage(launch_.control_group);
        meter_->Take(Totals(held.ok() ? *held : os::CgroupUsage{}, used), now);
      }
      if (used > launch_.limits.disk_bytes && reason != Reason::kDisk) {
        reason = Reason::kDisk;
        kill_at = now;  // a full disk leaves no time to be polite
      }
      // Looking at many files takes a while: at most a twentieth of the time goes into it.
      auto took = Steady::now() - now;
      disk_at = Steady::now() + std::max<Steady::duration>(milliseconds(250), 20 * took);
    }
    if (Steady::now() >= kill_at) {
      sandbox_->Kill();
      killed = true;
      kill_at = Steady::time_point::max();
    }
    auto next = std::min(disk_at, kill_at);
    if (spec_.max_runtime.count() > 0 && reason == Reason::kNone) next = std::min(next, started + spec_.max_runtime);
    auto left = std::chrono::ceil<milliseconds>(next - Steady::now()).count();
    pollfd waits[2] = {{sandbox_->wait_fd(), POLLIN, 0}, {changes.get(), POLLIN, 0}};
    ::poll(waits, 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (waits[0].revents != 0) return reason;
    char events[4096];
    while (::read(changes.get(), events, sizeof events) > 0) {
    }
  }
}

UsageTotals Agent::Totals(const os::CgroupUsage& used, std::uint64_t disk_bytes) const {
  UsageTotals totals{.cpu_micros = used.cpu_micros,
                     .memory_bytes = used.memory_bytes,
                     .grouped = cgroups_->support().memory,
                     .disk_bytes = disk_bytes};
  if (gate_) {
    totals.received_bytes += gate_->received();
    totals.sent_bytes += gate_->sent();
  }
  if (port_) {
    totals.received_bytes += port_->received();
    totals.sent_bytes += port_->sent();
  }
  if (link_) {
    totals.received_bytes += link_->received();
    totals.sent_bytes += link_->sent();
  }
  return totals;
}

Agent::End Agent::Judge(Reason reason) {
  os::SandboxEnd end = sandbox_->Wait();
  os::CgroupUsage used;
  if (auto usage = cgroups_->Usage(launch_.control_group); usage.ok()) used = *usage;
  const std::uint64_t disk_used = DiskUsage(Written(), {});
  meter_->TakeLast(Totals(used, disk_used), used.memory_peak_bytes);
  meter_.reset();
  static_cast<void>(journal_.CommandEnded(end.exit_code, end.signal,
                                          {used.memory_peak_bytes, std::chrono::microseconds(used.cpu_micros)},
                                          ExitMessage(ml_.get())));
  switch (reason) {
    case Reason::kStop: return {Outcome::kStopped, "", false};
    case Reason::kMaxRuntime:
      return {Outcome::kMaxRuntime, fmt::format("the code ran longer than {} seconds", spec_.max_runtime.count()),
              false};
    case Reason::kDisk:
      return {Outcome::kDiskFull,
              "the code wrote more than its volume of " + Gibibytes(launch_.limits.disk_bytes) + " holds", false};
    case Reason::kNone: break;
  }
  if (end.exit_code == 0) return {Outcome::kSucceeded, "", false};
  if (used.oom_kills > 0)
    return {Outcome::kOutOfMemory,
            "the code needed more than its " + Gibibytes(launch_.limits.memory_bytes) + " of memory", false};
  // The last file may be cut off at the limit, and the code may have seen that as an error of its own.
  constexpr std::uint64_t kNearly = 1u << 20;
  if (end.signal == SIGXFSZ || disk_used + kNearly > launch_.limits.disk_bytes)
    return {Outcome::kDiskFull,
            "the code wrote more than its volume of " + Gibibytes(launch_.limits.disk_bytes) + " holds", false};
  std::string text = FailureText(ml_.get());
  bool users = !text.empty();
  if (!users)
    text = end.signal != 0 ? fmt::format("the code was ended by signal {} ({})", end.signal, ::strsignal(end.signal))
                           : fmt::format("the code ended with exit code {}", end.exit_code);
  if (used.refused_forks > 0 && !users)
    text += fmt::format("; it reached its limit of {} processes", launch_.limits.max_processes);
  return {Outcome::kFailed, text, users};
}

}  // namespace aloft::compute
