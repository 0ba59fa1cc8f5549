// One invocation from its admission to its answer. Private to the room.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "services/serving/routing/router.h"

namespace aloft::serving {

struct Router::Entry {
  std::atomic<int> in_flight{0}, shadows{0};
  std::atomic<int> most{0};  // of in_flight; 0: the router's bound
  std::atomic<std::uint64_t> admitted{0};
  std::atomic<std::size_t> bytes{0};
  mutable std::mutex mutex;  // of what follows
  EndpointStatus status = EndpointStatus::kCreating;
  std::string host;  // see SetHosting
  bool hosts = false;
  std::shared_ptr<const Version> version;
  std::map<compute::TaskId, std::shared_ptr<std::atomic<int>>> loads;
  std::deque<std::shared_ptr<Run>> waiting;
};

// Holds what it uses of its endpoint. Moves from thread to thread, never on two at once.
class Router::Run : public std::enable_shared_from_this<Router::Run> {
 public:
  Run(const Router& router, Scope scope, Invocation invocation, std::shared_ptr<Entry> entry, AnswerDone done);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // To a worker of what is published now, or among those that wait.
  void Go();
  void NotReady();
  bool IsLate() const { return clock_.Monotonic() >= deadline_; }

 private:
  struct Choice {
    const RoutedVariant* variant = nullptr;
    const RoutedWorker* worker = nullptr;
  };
  Choice Choose() const;
  Status CheckTargets(const RoutedVariant& variant) const;
  void CountOut();
  void Tell(Result<Answer> result);
  void Send(Choice choice);
  void Receive(const RoutedVariant& variant, const RoutedWorker& worker, Result<WorkerAnswer> answer);
  void Shadow(const RoutedVariant& chosen);
  void Meet(const RoutedVariant& variant, int status, int batch, MonotonicTime received);
  // False where something else was published meanwhile.
  bool Wait();

  WorkerClient& workers_;
  const std::shared_ptr<Meter> meter_;
  const Clock& clock_;
  const std::chrono::milliseconds timeout_;
  const int max_shadows_;
  const std::function<void(const compute::TaskId&)> suspect_;
  const std::function<void(const Scope&, const std::string&)> waiting_;
  const std::function<void(const Scope&, const std::string&, const CapturePlan&, const Invocation&, const Answer&)>
      answered_;
  const std::shared_ptr<Totals> totals_;
  const Scope scope_;
  const std::shared_ptr<const Invocation> invocation_;
  const std::shared_ptr<Entry> entry_;
  const AnswerDone done_;
  const MonotonicTime admitted_, deadline_;
  MonotonicTime sent_{};
  std::shared_ptr<const Version> version_;
  std::vector<const RoutedWorker*> tried_;  // of version_
  bool counted_ = true, repeated_ = false, shadowed_ = false;
};

}  // namespace aloft::serving
