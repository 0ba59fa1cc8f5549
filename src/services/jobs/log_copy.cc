// From the tasks' spools to the log store: each line once, whenever the server dies.
#include "foundation/base/fault_point.h"
#include "platform/telemetry/errors.h"
#include "services/jobs/engine.h"
#include "services/jobs/live.h"

namespace aloft::jobs {
namespace {

constexpr std::size_t kLogChunk = 256 << 10;
constexpr int kChunksPerStep = 16;  // then other jobs have their turn

}  // namespace

// Copies what the tasks have said since; false where there is more than one step's share.
Result<bool> Engine::CopyLogs(Job& job, Live& live, const Hosts& hosts) {
  bool all = true;
  for (int host = 0; host < live.terms.hosts; ++host) {
    if (!hosts[static_cast<std::size_t>(host)]) continue;
    ALOFT_ASSIGN(bool copied, CopyLog(job, live, host));
    all = all && copied;
  }
  return all;
}

Result<bool> Engine::CopyLog(Job& job, Live& live, int host) {
  std::optional<std::uint64_t>& offset = live.offsets[static_cast<std::size_t>(host)];
  const std::string stream_name = LogStreamName(job, host);
  if (!offset) {
    auto stream = d_.logs.FindStream(job.scope, names_.log_group, stream_name);
    if (!stream.ok() && stream.error().kind() != ErrorKind::kNotFound) return std::move(stream).error();
    offset = stream.ok() ? stream->acknowledged : 0;
  }
  compute::TaskId task(TaskIdOf(names_.kind, job, host));
  for (int chunks = 0; chunks < kChunksPerStep; ++chunks) {
    ALOFT_ASSIGN(compute::LogChunk chunk, d_.backend.ReadLog(task, *offset, kLogChunk));
    if (chunk.lines.empty()) return true;
    // What is read from lines first: it is idempotent, and once the log is acknowledged they are not seen again.
    if (live.observer) {
      ALOFT_ASSIGN(bool changed, live.observer->Observe(job, host, chunk.lines));
      if (changed) ALOFT_TRY(Save(job));
    }
    ALOFT_FAULT_POINT("jobs.after_metrics");
    std::vector<telemetry::LogEvent> events;
    for (compute::LogLine& line : chunk.lines)
      if (!line.text.empty()) events.push_back({line.at, std::move(line.text)});
    ALOFT_ASSIGN(offset,
                 d_.logs.AppendAt(job.scope, names_.log_group, stream_name, *offset, chunk.next_offset, events));
    ALOFT_FAULT_POINT("jobs.after_log");
  }
  return false;
}

}  // namespace aloft::jobs
