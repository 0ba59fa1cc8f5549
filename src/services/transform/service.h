// Batch transform jobs. The only door of the room.
//
// Calls read or write the database on the calling thread and return; what they wish is done by a loop of the room's
// own. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "generated/shapes/sagemaker/transform.h"
#include "platform/compute/backend.h"
#include "platform/compute/runtimes.h"
#include "platform/telemetry/log_store.h"
#include "services/models/service.h"
#include "services/transform/errors.h"
#include "services/transform/types.h"

namespace aloft::transform {

// Whether the role could read what lies under the URI.
using InputCheck = std::function<Status(const AccountId& account, const std::string& role, const std::string& uri)>;

// Collaborators; all outlive the service.
struct Dependencies {
  sql::Database& database;
  models::Service& models;
  const compute::RuntimeTable& runtimes;
  compute::Backend& backend;
  telemetry::LogStore& logs;
  const Clock& clock;
  Random& random;
  InputCheck check_input;  // may be empty
};

class Runner;

class Service {
 public:
  // `holder`: who we are where servers share a database: the same over restarts of one server.
  Service(Dependencies dependencies, std::string holder, Log log);
  ~Service();  // Stop()

  // Takes up the jobs that were left. Stop leaves their tasks running.
  void Start();
  void Stop();
  // Something of that task changed. Cheap; ids of other services are ignored.
  void OnTaskChange(const compute::TaskId& task);

  Result<shapes::sagemaker::CreateTransformJobResponse> CreateTransformJob(
      const Scope& scope, const shapes::sagemaker::CreateTransformJobRequest& request);
  Result<shapes::sagemaker::DescribeTransformJobResponse> DescribeTransformJob(const Scope& scope,
                                                                               const std::string& name) const;
  Result<shapes::sagemaker::ListTransformJobsResponse> ListTransformJobs(
      const Scope& scope, const shapes::sagemaker::ListTransformJobsRequest& request) const;
  // kNotStoppable where it has ended.
  Status StopTransformJob(const Scope& scope, const std::string& name);

 private:
  const Dependencies with_;
  std::unique_ptr<Runner> runner_;
};

}  // namespace aloft::transform
