// Data capture: samples of what went in and what came out, as JSON lines in S3, off the way of the requests.
//
// https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html has the form of a line. What
// waits is bounded: where S3 is slower than the samples come, samples are dropped and counted, never requests slowed.
// A server that dies loses what it has not flushed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/endpoint_config.h"
#include "services/serving/endpoints/types.h"
#include "services/serving/routing/invocation.h"

namespace aloft::serving {

// What is captured of a variant, and where to. Immutable.
struct CapturePlan {
  std::string destination;  // "s3://bucket/prefix"
  std::string role;         // the model's, which must be able to write there
  double rate = 1;          // of the requests
  bool input = false, output = false;
  std::vector<std::string> csv_types, json_types;  // stored as text; anything else in base 64
};

// Null where nothing is captured.
std::shared_ptr<const CapturePlan> CapturePlanOf(const std::optional<shapes::sagemaker::DataCaptureConfig>& config,
                                                 const std::string& role);
// kBadEndpointConfig; kNotBuilt.
Status CheckCapture(const shapes::sagemaker::DataCaptureConfig& config);

// Writes an object as the role.
using StoreAs = std::function<Status(const AccountId& account, const std::string& role, const std::string& uri,
                                     const std::string& content_type, const std::string& body)>;

// Thread-safe.
class Capture {
 public:
  // `store` may be empty: then nothing is captured.
  Capture(StoreAs store, const Clock& clock, Random& random, Log log)
      : store_(std::move(store)), clock_(clock), random_(random), log_(std::move(log)) {}

  // Keeps the pair where the plan's sampling chooses it and there is room. Cheap otherwise.
  void Offer(const Scope& scope, const std::string& variant, const CapturePlan& plan, const Invocation& invocation,
             const Answer& answer);

  // Writes what waits: one object per endpoint and variant,
  // <destination>/<endpoint>/<variant>/YYYY/MM/DD/HH/MM-SS-mmm-<uuid>.jsonl. Blocks; from one thread at a time. What
  // cannot be written is dropped, and the log says why.
  void Flush();

  std::size_t dropped() const;

 private:
  struct Batch {
    Scope scope;
    std::string endpoint, variant, destination, role, lines;
  };

  const StoreAs store_;
  const Clock& clock_;
  Random& random_;
  const Log log_;
  mutable std::mutex mutex_;
  std::map<std::string, Batch> waiting_;
  std::size_t bytes_ = 0, dropped_ = 0;
};

}  // namespace aloft::serving
