// How many rows a call of the model should have, how long a request may wait for others, how many calls run side by
// side: found while requests are served, from what calls took. Time is what the caller says it is. Not thread-safe.
//
// A model that is idle computes a request at once; only requests that had to wait are joined. The number of rows grows
// where calls are full, is kept where it makes a row cheaper, and is taken back where it does not, or where the goal
// would be missed; what did not prove itself is tried again, after pauses that grow. Medians decide, so that a call
// which the machine held up does not. docs/serving.md says it for owners.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "services/batching/costs.h"
#include "services/batching/pause.h"
#include "services/batching/queue.h"
#include "services/batching/recent.h"
#include "services/batching/settings.h"

namespace aloft::batching {

class Controller {
 public:
  using Micros = std::chrono::microseconds;

  // `threads`: that may call the model at once.
  Controller(Settings settings, int threads, MonotonicTime start);

  // A call has ended. `more`: others waited that it had no room for.
  void Called(MonotonicTime now, int rows, int requests, bool more, Micros took);
  // A request was answered, so long after it was decoded.
  void Answered(Micros latency);
  // Rows of this model must not be joined.
  void Forbid(std::string why);
  bool forbidden() const { return !forbidden_.empty(); }

  // Thinks again, if it is time to; whether the plan changed.
  bool Review(MonotonicTime now);
  const Plan& plan() const { return plan_; }

  // What is done and why, for people: a few lines without end of line.
  std::vector<std::string> Explain() const;

 private:
  struct Window {
    MonotonicTime began{};
    double requests = 0, rows = 0, calls = 0, full = 0;
    double busy = 0;  // micros, of all instances
  };
  struct Rejected {
    int rows = 0;  // of a call; 0: it is about instances
    int instances = 0;
    Pause pause;
    std::string why;
  };

  Plan Simple() const;
  bool JoiningPays(MonotonicTime now);
  void FitRows(MonotonicTime now);
  void FitDelay();
  void FitInstances(MonotonicTime now);
  double WorstOf(int rows) const;  // micros until the answer, where a call is full
  double Latency99() const;
  double RowsPerSecond() const;  // of all instances, if they work all the time
  bool IsRejected(int rows, int instances, MonotonicTime now) const;
  void Reject(int rows, int instances, MonotonicTime now, std::string why);
  double Unit() const { return costs_.Expect(std::max(rows_per_request_, 1.0)); }

  const Settings settings_;
  const int threads_;
  Plan plan_;
  Costs costs_;
  Window window_;   // since the last review
  Window settled_;  // that one
  double requests_per_second_ = 0, rows_per_second_ = 0, rows_per_request_ = 1, requests_per_call_ = 1;
  std::vector<std::int32_t> latencies_;  // micros of the last ones, a ring
  std::size_t next_latency_ = 0;
  std::uint64_t answered_ = 0, joined_ = 0;
  std::string forbidden_;
  std::vector<Rejected> rejected_;
  MonotonicTime queued_since_{};
  Pause direct_;                // before requests are joined again
  Recent<5> settled_requests_;  // micros of the model per request, of the last windows
  bool trying_ = false;         // there are not enough calls yet of the current number of rows to judge it
  Recent<15> per_row_;          // micros of the last calls, since a trial of instances began
  // Of another number of instances.
  MonotonicTime saturated_since_{}, settles_until_{};
  int trial_from_ = 0;   // 0: none runs
  int trial_skips_ = 0;  // calls that had begun before it
  double trial_before_ = 0;
};

}  // namespace aloft::batching
