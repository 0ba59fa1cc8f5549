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

// The agent's own session is bound to its TLS key; what was issued before that key was known is its code's.
Result<Grant> ProcessBackend::GrantTo(const Task& task, const JournalState& journal) const {
  const TaskSpec& spec = task.stored.spec;
  if (journal.tls.public_key.empty() || !options_.issue_bound_credentials) return Grant{.agent = *task.credentials};
  ALOFT_ASSIGN(BoundCredentials bound, options_.issue_bound_credentials(spec.id, spec.role_arn, journal.tls));
  Grant grant{.agent = std::move(bound.credentials), .certificate_pem = std::move(bound.certificate_pem)};
  // Code that cannot reach the API has no use for a session.
  if (spec.network != Network::kNone) grant.code = *task.credentials;
  return grant;
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
    ALOFT_ASSIGN(const Grant grant, GrantTo(*task, journal));
    ALOFT_ASSIGN(text, SealCredentials(grant, id, journal.public_key, random_));
  }
  ALOFT_TRY(ReplaceFile(Directory(id) + "/" + kCredentialsFile, text));
  Update(id, [&](Task& changed) {
    changed.credentials.reset();
    changed.sealed_to = journal.public_key;
  });
  return {};
}

}  // namespace aloft::compute::internal
