#include "foundation/http/client_pool.h"

#include <algorithm>
#include <utility>

#include "foundation/http/client_connection.h"

namespace aloft::http {

void Job::Finish(Result<ClientResponse> result) {
  if (const auto callback = std::exchange(done, nullptr)) callback(std::move(result));
}

void Job::OnTimer() {
  pool->DropWaiting(*this, Fail(kUnavailable, "No connection became free in time"));
}

ClientPool::ClientPool(const ClientOptions& options, std::shared_ptr<ClientTls> tls, std::shared_ptr<Loop> loop,
                       std::size_t share)
    : options_(options),
      tls_(std::move(tls)),
      max_connections_(std::max<std::size_t>(1, options.max_connections_per_destination / share)),
      max_waiting_(std::max<std::size_t>(1, options.max_waiting_per_destination / share)),
      loop_(std::move(loop)) {
  // A pool may outlive its client a little; the threads must not end with it, on one of themselves.
  options_.io_threads.reset();
}

void ClientPool::Submit(std::shared_ptr<Job> job) {
  job->pool = this;
  if (cancelled_) return job->Finish(Fail(kCancelled, "The client is stopping"));
  Group& group = groups_[job->destination];
  if (!group.idle.empty()) {
    const auto connection = std::move(group.idle.back());
    group.idle.pop_back();
    return connection->Run(std::move(job));
  }
  if (group.connections < max_connections_) return Open(group, std::move(job));
  if (group.waiting.size() >= max_waiting_)
    return job->Finish(Fail(kUnavailable, "Too many requests wait for a connection"));
  loop_->Arm(*job, job->request.timeout);
  group.waiting.push_back(std::move(job));
}

void ClientPool::Open(Group& group, std::shared_ptr<Job> job) {
  ++group.connections;
  auto connection = std::make_shared<ClientConnection>(shared_from_this(), job->destination);
  open_.insert(connection);
  connection->Open(std::move(job));
}

void ClientPool::Retry(std::shared_ptr<Job> job) {
  job->retried = true;
  // Its connection is removed already, so there is room; the other idle ones may be as stale as that one was.
  if (cancelled_) return job->Finish(Fail(kCancelled, "The client is stopping"));
  Group& group = groups_[job->destination];
  Open(group, std::move(job));
}

void ClientPool::Release(const std::shared_ptr<ClientConnection>& connection) {
  Group& group = groups_[connection->destination()];
  if (group.waiting.empty()) {
    group.idle.push_back(connection);
    return connection->Rest();
  }
  const auto job = std::move(group.waiting.front());
  group.waiting.pop_front();
  loop_->Disarm(*job);
  connection->Run(job);
}

void ClientPool::Remove(const std::shared_ptr<ClientConnection>& connection) {
  if (open_.erase(connection) == 0) return;
  Group& group = groups_[connection->destination()];
  --group.connections;
  std::erase(group.idle, connection);
  if (cancelled_ || group.waiting.empty()) return Forget(connection->destination());
  const auto job = std::move(group.waiting.front());
  group.waiting.pop_front();
  loop_->Disarm(*job);
  // Not from here: whoever closes is in the middle of its own work.
  loop_->Post([self = shared_from_this(), job] { self->Submit(job); });
}

void ClientPool::Forget(const Destination& destination) {
  const auto found = groups_.find(destination);
  if (found != groups_.end() && found->second.connections == 0 && found->second.waiting.empty()) groups_.erase(found);
}

void ClientPool::DropWaiting(Job& job, Error error) {
  const auto found = groups_.find(job.destination);
  if (found == groups_.end()) return;
  auto& waiting = found->second.waiting;
  const auto place =
      std::find_if(waiting.begin(), waiting.end(), [&](const auto& other) { return other.get() == &job; });
  if (place == waiting.end()) return;
  const auto owned = std::move(*place);
  waiting.erase(place);
  owned->Finish(std::move(error));
}

void ClientPool::CancelAll() {
  cancelled_ = true;
  const Error error = Fail(kCancelled, "The client is stopping");
  std::vector<std::shared_ptr<Job>> waiting;
  for (auto& [destination, group] : groups_) {
    waiting.insert(waiting.end(), group.waiting.begin(), group.waiting.end());
    group.waiting.clear();
  }
  for (const auto& job : waiting) {
    loop_->Disarm(*job);
    job->Finish(error);
  }
  while (!open_.empty()) {
    const auto connection = *open_.begin();
    connection->Cancel(error);
    open_.erase(connection);
  }
  groups_.clear();
}

}  // namespace aloft::http
