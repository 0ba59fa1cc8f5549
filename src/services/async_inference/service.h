// Asynchronous inference: a request is kept until its answer lies in S3. The only door of the room.
//
// Durable when Invoke returns: a server that is killed answers it after its next start. A prediction that was cut off
// is made again, under the same name. Of several servers over one database the holder of a lease works. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "platform/telemetry/metric_store.h"
#include "platform/work/lease.h"
#include "platform/work/loop.h"
#include "services/async_inference/errors.h"
#include "services/async_inference/types.h"
#include "services/serving/service.h"

namespace aloft::async_inference {

// The object, read as the role; blocks for the disk.
using FetchAs = std::function<Result<std::string>(const AccountId& account, const std::string& role,
                                                  const std::string& uri, std::size_t most)>;

// Collaborators; all outlive the service.
struct Dependencies {
  sql::Database& database;
  serving::Service& serving;
  telemetry::MetricStore& metrics;
  const Clock& clock;
  Random& random;
  FetchAs fetch_as;
  serving::StoreAs store_as;
};

struct Options {
  std::string holder = "server";
  int max_waiting_per_endpoint = 10'000;    // more are refused
  std::size_t max_input_bytes = 64u << 20;  // of one request
  int max_running_per_endpoint = 64;
};

class Service {
 public:
  Service(Dependencies dependencies, Options options, Log log);
  ~Service();  // Stop()

  void Start();
  // Waits for what is being stored. What is being predicted is asked again after the next start.
  void Stop();

  struct Accepted {
    std::string inference_id, output, failure;
  };
  // `request` without id, times and places; `extension` and `file` name the output (may be empty). kBadRequest,
  // kQueueFull, serving::kNoSuchEndpoint, serving::kNotAsync.
  Result<Accepted> Invoke(Request request, const std::string& extension, const std::string& file);

  // For tests, instead of Start: steps what is due.
  std::size_t RunDue() { return loop_->RunDue(); }

 private:
  struct Finished {
    Request request;
    Result<serving::Answer> answer;
  };
  struct Queue {
    std::set<std::string> running;  // ids
    std::vector<Finished> finished;
  };
  // Completions may come after the service is gone.
  struct Shared {
    std::mutex mutex;
    std::map<std::string, Queue> queues;
    std::weak_ptr<work::Loop> loop;
  };

  Result<work::Again> Look(const std::string& key);
  Result<work::Again> LookAtAll();
  Result<work::Again> LookAtEndpoint(const std::string& key);
  // False: to be tried again.
  Result<bool> Conclude(const serving::Service::AsyncPlan& plan, const Finished& finished);
  void Send(const std::string& key, const serving::Service::AsyncPlan& plan, const Request& request);
  void Measure(const std::vector<struct Backlog>& backlogs);

  const Dependencies with_;
  const Options options_;
  const Log log_;
  work::Leases leases_;
  std::optional<work::Lease> lease_;
  std::mutex lease_mutex_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  const std::shared_ptr<work::Loop> loop_;
};

}  // namespace aloft::async_inference
