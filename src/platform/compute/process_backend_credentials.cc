// How the agents of running tasks come by their role's credentials: issued before the agent starts, sealed to the key
// that it tells, and again well before they end.
#include "platform/compute/process_backend_impl.h"

namespace aloft::compute::internal {

Status ProcessBackend::IssueCredentials(const TaskId& id) {
  auto task = Copy(id);
  if (!task || task->stored.spec.role_arn.empty() || !options_.issue_credentials) return {};
  ALOFT_ASSIGN(Credentials credentials, options_.issue_credentials(id, task->stored.spec.role_arn));
  // Well before the end: code may hold the old ones for a while.
  const Time now = clock_.Now();
  Update(id, [&](Task& changed) {
    changed.renew_credentials = now + (credentials.expires - now) * 2 / 3;
    changed.credentials = std::move(credentials);
  });
  return {};
}

void ProcessBackend::KeepCredentials(const TaskId& id, const JournalState& journal) {
  if (auto written = WriteCredentials(id, journal); !written.ok())
    log_.Warn("a task has no new credentials", {{"task", id.value()}, {"error", Describe(written.error())}});
}

Status ProcessBackend::WriteCredentials(const TaskId& id, const JournalState& journal) {
  const bool listens = journal.agent.pid != 0 && (!journal.takes_sealed || !journal.public_key.empty());
  auto task = Copy(id);
  if (!listens || !task || task->stored.spec.role_arn.empty() || !options_.issue_credentials) return {};
  const bool due = clock_.Now() >= task->renew_credentials;
  // Of an agent that an earlier server started the key is empty, and what that one wrote is still there.
  if (!due && !task->credentials && task->sealed_to == journal.public_key) return {};
  if (due || !task->credentials) ALOFT_TRY(IssueCredentials(id));
  task = Copy(id);
  if (!task || !task->credentials) return {};
  std::string text = EncodePlainCredentials(*task->credentials);
  if (journal.takes_sealed) {
    ALOFT_ASSIGN(text, SealCredentials(*task->credentials, id, journal.public_key, random_));
  }
  ALOFT_TRY(ReplaceFile(Directory(id) + "/" + kCredentialsFile, text));
  Update(id, [&](Task& changed) {
    changed.credentials.reset();
    changed.sealed_to = journal.public_key;
  });
  return {};
}

}  // namespace aloft::compute::internal
