#include "services/batching/controller.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace aloft::batching {
namespace {

using std::chrono::duration;

constexpr double kQuick = 500;    // micros of a call that a connection's thread may make itself
constexpr double kHandOver = 25;  // micros that it costs to give a request to another thread, and to join it
constexpr double kBusy = 0.4,
                 kIdle = 0.2;       // of the time of all threads: from where on, and down to where requests queue
constexpr double kFull = 0.3;       // of the calls: then more rows are tried
constexpr double kCheaper = 0.97;   // a row's time, against that with half of the rows
constexpr double kSaturated = 0.9;  // of the instances' time
constexpr double kFaster = 1.05;
constexpr std::uint64_t kTrialCalls = 5;
constexpr std::size_t kInstancesTrialCalls = 9;
constexpr std::size_t kLatencies = 512, kMaxRejected = 8;
constexpr std::chrono::milliseconds kShortest{20}, kLongest{200};
constexpr double kEnoughCalls = 8;
constexpr std::chrono::seconds kSaturatedFor{2};

double Seconds(MonotonicTime::duration time) {
  return duration<double>(time).count();
}

std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

Controller::Controller(Settings settings, int threads, MonotonicTime start)
    : settings_(settings), threads_(std::max(threads, 1)) {
  window_.began = start;
  plan_.instances = threads_;
  latencies_.reserve(kLatencies);
}

void Controller::Called(MonotonicTime, int rows, int requests, bool more, Micros took) {
  costs_.Add(rows, took);
  window_.calls += 1;
  window_.requests += requests;
  window_.rows += rows;
  window_.full += more ? 1 : 0;
  window_.busy += static_cast<double>(took.count());
  if (requests > 1) joined_ += static_cast<std::uint64_t>(requests);
  if (trial_skips_ > 0) {
    --trial_skips_;
  } else {
    per_row_.Add(static_cast<double>(std::max<std::int64_t>(took.count(), 1)) / rows);
  }
}

void Controller::Answered(Micros latency) {
  ++answered_;
  const auto micros = static_cast<std::int32_t>(std::clamp<std::int64_t>(latency.count(), 0, 1 << 30));
  if (latencies_.size() < kLatencies) {
    latencies_.push_back(micros);
  } else {
    latencies_[next_latency_] = micros;
    next_latency_ = (next_latency_ + 1) % kLatencies;
  }
}

double Controller::Latency99() const {
  if (latencies_.empty()) return 0;
  std::vector<std::int32_t> sorted = latencies_;
  auto at = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) * 99 / 100);
  std::nth_element(sorted.begin(), at, sorted.end());
  return *at;
}

void Controller::Forbid(std::string why) {
  forbidden_ = std::move(why);
  plan_ = Simple();
}

double Controller::RowsPerSecond() const {
  return per_row_.size() == 0 ? 0 : plan_.instances * 1e6 / per_row_.Median();
}

bool Controller::IsRejected(int rows, int instances, MonotonicTime now) const {
  return std::any_of(rejected_.begin(), rejected_.end(), [&](const Rejected& one) {
    const bool meant = rows > 0 ? one.rows > 0 && one.rows <= rows : one.instances == instances;
    return meant && !one.pause.Over(now);
  });
}

void Controller::Reject(int rows, int instances, MonotonicTime now, std::string why) {
  auto found = std::find_if(rejected_.begin(), rejected_.end(),
                            [&](const Rejected& one) { return one.rows == rows && one.instances == instances; });
  Rejected one{rows, instances, {}, {}};
  if (found != rejected_.end()) {
    one = std::move(*found);
    rejected_.erase(found);
  } else if (rejected_.size() >= kMaxRejected) {
    rejected_.erase(rejected_.begin());
  }
  one.pause.Begin(now);
  one.why = std::move(why);
  rejected_.push_back(std::move(one));
}

// Nothing is joined: as it would be without all this.
Plan Controller::Simple() const {
  Plan plan;
  plan.instances = threads_;
  plan.direct = Unit() < kQuick;
  return plan;
}

bool Controller::Review(MonotonicTime now) {
  const auto elapsed = now - window_.began;
  if (elapsed < kShortest || window_.calls < 1 || (window_.calls < kEnoughCalls && elapsed < kLongest)) return false;
  settled_ = window_;
  window_ = {};
  window_.began = now;
  const double seconds = Seconds(elapsed);
  const double part = 1 - std::exp(-seconds / 0.5);
  requests_per_second_ += (settled_.requests / seconds - requests_per_second_) * part;
  rows_per_second_ += (settled_.rows / seconds - rows_per_second_) * part;
  rows_per_request_ += (settled_.rows / settled_.requests - rows_per_request_) * part;
  requests_per_call_ += (settled_.requests / settled_.calls - requests_per_call_) * part;
  settled_requests_.Add(settled_.busy / settled_.requests);
  settled_.busy /= seconds * 1e6;  // from here on: instances that were busy

  const Plan before = plan_;
  if (!settings_.on || forbidden() || !JoiningPays(now)) {
    plan_ = Simple();
    trying_ = false;
    trial_from_ = 0;
  } else {
    if (plan_.direct) {
      plan_.direct = false;
      queued_since_ = now;
      settled_requests_ = {};
    }
    FitRows(now);
    FitDelay();
    FitInstances(now);
  }
  return before.direct != plan_.direct || before.rows != plan_.rows || before.delay != plan_.delay ||
         before.instances != plan_.instances;
}

// Whether requests should queue at all, or be computed where they are.
bool Controller::JoiningPays(MonotonicTime now) {
  const double unit = Unit();
  if (unit >= kQuick) return true;  // these change threads anyway
  if (unit < 2 * kHandOver) return false;
  const double demand = requests_per_second_ * unit / 1e6 / threads_;
  if (plan_.direct) return demand >= kBusy && direct_.Over(now);
  if (demand < kIdle) return false;
  // Given a second of calls as full as they get: is what is saved more than what it costs?
  const bool judged = now - queued_since_ > std::chrono::seconds(1) && !trying_;
  if (!judged || unit - settled_requests_.Median() >= kHandOver) return true;
  direct_.Begin(now);
  return false;
}

// One call may have just begun when a request comes; then comes its own.
double Controller::WorstOf(int rows) const {
  return costs_.ExpectSlow(rows) * (1 + 1.0 / plan_.instances);
}

void Controller::FitRows(MonotonicTime now) {
  const double goal = settings_.goal ? static_cast<double>(settings_.goal->count()) : 0;
  const double full = settled_.full / settled_.calls;
  const int smallest = std::clamp(static_cast<int>(std::ceil(rows_per_request_)), 1, settings_.most);
  const int half = std::max(plan_.rows / 2, 1);
  const bool overloaded = full >= kFull && goal > 0 && Latency99() > goal;
  if (plan_.rows > 1) {
    const Costs::Cost tried = costs_.Of(plan_.rows);
    const Costs::Cost known = costs_.Of(half);
    trying_ = tried.calls < kTrialCalls;
    if (trying_) return;
    if (known.calls > 0 && tried.per_row > known.per_row * kCheaper) {
      Reject(plan_.rows, 0, now,
             "a row takes " + TimeText(tried.per_row) + " in a call of " + Format("%.0f rows, ", tried.rows) +
                 TimeText(known.per_row) + Format(" in one of %.0f", known.rows));
      plan_.rows = half;
      return;
    }
  }
  if (goal > 0 && plan_.rows > 1 && WorstOf(plan_.rows) > goal && !overloaded) {
    const double capacity = plan_.instances * half / std::max(costs_.Expect(half), 1.0) * 1e6;
    if (capacity >= 1.2 * rows_per_second_) {
      Reject(plan_.rows, 0, now,
             "with the wait for the call before, " + TimeText(WorstOf(plan_.rows)) + " at worst; the goal is " +
                 TimeText(goal));
      plan_.rows = half;
      return;
    }
  }
  // What one request has is a call anyway: two of them are the first that is worth a try.
  const int twice = std::min(std::max(plan_.rows, smallest) * 2, settings_.most);
  if (full < kFull) return;
  if (twice <= plan_.rows || (IsRejected(twice, 0, now) && !overloaded)) return;
  if (goal > 0 && !overloaded && WorstOf(twice) > goal) {
    Reject(
        twice, 0, now,
        "with the wait for the call before, " + TimeText(WorstOf(twice)) + " at worst; the goal is " + TimeText(goal));
    return;
  }
  plan_.rows = twice;
  costs_.Forget(twice);  // it is judged by what it takes now
  trying_ = true;
}

// Waiting for others saves processor time, never a request's: only where a goal leaves room, and there is load.
void Controller::FitDelay() {
  plan_.delay = Micros(0);
  if (!settings_.goal || trying_ || plan_.rows < 2) return;
  const double goal = static_cast<double>(settings_.goal->count());
  if (rows_per_second_ * Unit() / std::max(rows_per_request_, 1.0) / 1e6 / threads_ < kBusy) return;
  const double present = std::max(rows_per_request_ * requests_per_call_, 1.0);
  const double now = costs_.Expect(present) / present;
  const double full = costs_.Expect(plan_.rows) / plan_.rows;
  const double room = (goal - WorstOf(plan_.rows)) / 2;
  if (full > 0.9 * now || room < 100 || Latency99() > 0.9 * goal) return;
  const double delay = std::min({room, goal / 4, plan_.rows / std::max(rows_per_second_, 1.0) * 1e6});
  if (rows_per_second_ * delay / 1e6 < 0.5) return;
  plan_.delay = Micros(static_cast<std::int64_t>(delay));
}

void Controller::FitInstances(MonotonicTime now) {
  if (trial_from_ > 0) {
    if (per_row_.size() < kInstancesTrialCalls) return;
    const double after = RowsPerSecond();
    if (after < trial_before_ * kFaster) {
      Reject(
          0, plan_.instances, now,
          Format("%.0f rows per second, ", after) + Format("%.0f with ", trial_before_) + std::to_string(trial_from_));
      plan_.instances = trial_from_;
      trial_skips_ = plan_.instances;
      per_row_ = {};
    }
    settles_until_ = now + kSaturatedFor;
    trial_from_ = 0;
    return;
  }
  if (settled_.busy < kSaturated * plan_.instances || settled_.full == 0) {
    saturated_since_ = {};
    if (settled_.busy < 0.6 * plan_.instances) plan_.instances = threads_;
    return;
  }
  if (saturated_since_ == MonotonicTime{}) saturated_since_ = now;
  const int other = plan_.instances + (plan_.instances > 1 ? -1 : 1);
  if (trying_ || threads_ == 1 || now - saturated_since_ < kSaturatedFor || now < settles_until_) return;
  if (per_row_.size() < kInstancesTrialCalls || IsRejected(0, other, now)) return;
  trial_from_ = plan_.instances;
  trial_before_ = RowsPerSecond();
  trial_skips_ = plan_.instances;
  per_row_ = {};
  plan_.instances = other;
}

std::vector<std::string> Controller::Explain() const {
  std::vector<std::string> lines;
  const std::string rate = Format("%.1f requests per second", requests_per_second_);
  if (!settings_.on) {
    lines.push_back("Batching is off (ALOFT_BATCH).");
  } else if (forbidden()) {
    lines.push_back("Nothing is joined: " + forbidden_);
  } else if (plan_.direct && Unit() > 0 && Unit() < 2 * kHandOver) {
    lines.push_back("Each request is computed at once: a call takes " + TimeText(Unit()) +
                    ", and joining would save less than handing requests over costs (" + TimeText(kHandOver) + ").");
  } else if (plan_.direct) {
    lines.push_back(
        "Each request is computed at once: " + rate +
        Format(" keep the model busy for %.0f%% of ", 100 * requests_per_second_ * Unit() / 1e6 / threads_) +
        std::to_string(threads_) + " threads' time.");
  } else {
    lines.push_back("Requests that wait are joined to calls of at most " + std::to_string(plan_.rows) + " rows, " +
                    std::to_string(plan_.instances) + " side by side; at " + rate +
                    Format(" a call has %.1f.", requests_per_call_));
  }
  if (plan_.delay.count() > 0) {
    lines.push_back("What had to wait is kept up to " + TimeText(static_cast<double>(plan_.delay.count())) +
                    " for others.");
  }
  std::string measured;
  for (const Costs::Cost& cost : costs_.All()) {
    measured += (measured.empty() ? "" : "; ") + Format(cost.rows < 1.5 ? "%.0f row " : "%.0f rows ", cost.rows);
    measured += TimeText(cost.micros);
    if (cost.rows > 1.5) measured += " (" + TimeText(cost.per_row) + " each)";
  }
  if (!measured.empty()) lines.push_back("Measured calls: " + measured + ".");
  const std::string p99 = TimeText(Latency99());
  if (settings_.goal) {
    lines.push_back("Goal: p99 of " + TimeText(static_cast<double>(settings_.goal->count())) + "; of the last " +
                    std::to_string(latencies_.size()) + " requests it was " + p99 + ".");
  } else {
    lines.push_back("No goal (ALOFT_BATCH_P99_MS): nothing waits for others; p99 of the last " +
                    std::to_string(latencies_.size()) + " requests was " + p99 + ".");
  }
  for (const Rejected& one : rejected_) {
    if (one.rows > 0 ? one.rows <= plan_.rows : one.instances == plan_.instances) continue;  // tried again, and kept
    const std::string what =
        one.rows > 0 ? std::to_string(one.rows) + " rows" : std::to_string(one.instances) + " side by side";
    lines.push_back("Rejected " + what + ": " + one.why + ".");
  }
  lines.push_back(std::to_string(answered_) + " requests answered, " + std::to_string(joined_) + " of them joined.");
  return lines;
}

}  // namespace aloft::batching
