#include "services/serving/onnx_worker/joiner.h"

#include <algorithm>

#include "foundation/codec/json.h"
#include "services/serving/onnx_worker/join.h"

namespace aloft::onnx_worker {
namespace {

constexpr std::size_t kMaxWaiting = 512;
constexpr std::uint64_t kFirstChecks = 8, kCheckEvery = 1024;

std::chrono::microseconds Between(MonotonicTime from, MonotonicTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

int RowsOf(const std::vector<Rows>& rows) {
  return rows.empty() || rows[0].shape.empty()
             ? 1
             : static_cast<int>(std::clamp<std::int64_t>(rows[0].shape[0], 1, 1 << 20));
}

}  // namespace

struct Joiner::Request final : batching::Item {
  std::vector<Rows> values;
  Done done;
};

struct Joiner::Division {
  std::vector<Rows> rows;
  std::string form;
  Done done;
  std::int64_t next = 0;
  int together = 1;
  std::vector<Output> outputs;
};

Joiner::Joiner(const OnnxModel& model, const batching::Settings& settings, int threads, os::ThreadPool& pool,
               const Clock& clock)
    : model_(model),
      settings_(settings),
      threads_(threads),
      pool_(pool),
      clock_(clock),
      controller_(settings, threads, clock.Monotonic()) {}

void Joiner::Run(std::vector<Rows>& rows, Done done) {
  std::string form = settings_.on ? FormOf(model_.inputs(), rows) : std::string();
  if (settings_.divides && !form.empty() && RowsOf(rows) > settings_.most) {
    return Divide(std::move(rows), std::move(form), std::move(done));
  }
  bool direct = false;
  {
    std::lock_guard lock(mutex_);
    direct = controller_.plan().direct && running_ < threads_;
    if (direct) ++running_;
  }
  if (direct) return RunDirect(rows, done);
  Enqueue(std::move(rows), std::move(form), std::move(done));
}

void Joiner::RunDirect(const std::vector<Rows>& rows, const Done& done) {
  const MonotonicTime began = clock_.Monotonic();
  Result<std::vector<Output>> outputs = model_.Run(rows);
  const MonotonicTime ended = clock_.Monotonic();
  bool waits = false;
  {
    std::lock_guard lock(mutex_);
    --running_;
    // What is refused says nothing about what calls take.
    if (outputs.ok()) controller_.Called(ended, RowsOf(rows), 1, queue_.size() > 0, Between(began, ended));
    controller_.Answered(Between(began, ended));
    controller_.Review(ended);
    // What found all instances at work has nobody else.
    waits = queue_.size() > 0 && running_ < controller_.plan().instances;
    if (waits) ++running_;
  }
  done(std::move(outputs), 1);
  if (waits && !pool_.TryContinue([this] { Work(); })) Work();
}

void Joiner::Enqueue(std::vector<Rows> rows, std::string form, Done done) {
  auto request = std::make_shared<Request>();
  request->rows = RowsOf(rows);
  request->form = std::move(form);
  request->since = clock_.Monotonic();
  request->values = std::move(rows);
  request->done = std::move(done);
  bool full = false, begin = false;
  {
    std::lock_guard lock(mutex_);
    full = queue_.size() >= kMaxWaiting;
    if (!full) {
      if (controller_.forbidden()) request->form.clear();
      const int instances = controller_.plan().instances;
      request->waited = running_ >= instances;
      begin = running_ < instances;
      if (begin) ++running_;
      queue_.Push(request);
    }
  }
  if (full) return request->done(Fail(kQueueFull, "The worker's queue is full"), 1);
  if (!begin) return came_.notify_one();
  // Where the pool stops, nobody else is left.
  if (!pool_.TryContinue([this] { Work(); })) Work();
}

std::optional<batching::Queue::Taken> Joiner::NextCall() {
  std::unique_lock lock(mutex_);
  for (;;) {
    std::optional<MonotonicTime> until;
    batching::Queue::Taken taken;
    if (running_ <= std::max(controller_.plan().instances, 1)) {
      batching::Plan plan = controller_.plan();
      if (plan.direct) plan.rows = 1, plan.delay = {};
      taken = queue_.Take(clock_.Monotonic(), plan, &until);
    }
    if (!taken.items.empty()) return taken;
    if (!until) {
      --running_;
      return std::nullopt;
    }
    came_.wait_until(lock, *until);
  }
}

void Joiner::Work() {
  std::optional<batching::Queue::Taken> taken = NextCall();
  if (!taken) return;
  Compute(*taken);
  // To the end of the pool's queue: bodies that are decoded there have their turn.
  if (!pool_.TryContinue([this] { Work(); })) {
    while ((taken = NextCall())) Compute(*taken);
  }
}

void Joiner::Compute(batching::Queue::Taken& taken) {
  if (taken.items.size() > 1) return ComputeTogether(taken.items, taken.more);
  Request& request = static_cast<Request&>(*taken.items[0]);
  const MonotonicTime began = clock_.Monotonic();
  Result<std::vector<Output>> outputs = model_.Run(request.values);
  if (outputs.ok()) Note(request.rows, 1, taken.more, began, clock_.Monotonic(), {request.since});
  request.done(std::move(outputs), 1);
}

void Joiner::ComputeTogether(std::vector<std::shared_ptr<batching::Item>>& items, bool more) {
  std::vector<const std::vector<Rows>*> parts;
  std::vector<MonotonicTime> since;
  int rows = 0;
  for (const auto& item : items) {
    parts.push_back(&static_cast<Request&>(*item).values);
    since.push_back(item->since);
    rows += item->rows;
  }
  const int together = static_cast<int>(items.size());
  const MonotonicTime began = clock_.Monotonic();
  Result<std::vector<Output>> outputs = model_.Run(Join(parts));
  const MonotonicTime ended = clock_.Monotonic();
  bool check = false;
  if (outputs.ok()) {
    Note(rows, together, more, began, ended, since);
    std::lock_guard lock(mutex_);
    std::uint64_t& checked = AreSame(parts) ? checked_same_ : checked_;
    check = checked < kFirstChecks || checked % kCheckEvery == 0;
    ++checked;
  }
  const bool fits = outputs.ok() && HaveRows(*outputs, rows);
  std::int64_t first = 0;
  if (fits && !check) {
    for (const auto& item : items) {
      static_cast<Request&>(*item).done(Slice(*outputs, first, item->rows), together);
      first += item->rows;
    }
    return;
  }
  // Each alone; what that teaches counts before anybody is answered.
  std::vector<Result<std::vector<Output>>> alone;
  bool good = true, alike = true;
  for (const auto& item : items) {
    alone.push_back(model_.Run(static_cast<Request&>(*item).values));
    good = good && alone.back().ok();
    if (fits && alone.back().ok()) alike = alike && AreAlike(*alone.back(), Slice(*outputs, first, item->rows));
    first += item->rows;
  }
  if ((fits && !alike) || (!fits && good)) {
    std::lock_guard lock(mutex_);
    controller_.Forbid(fits           ? "answers of this model depend on what is computed beside them."
                       : outputs.ok() ? "the model does not answer row by row."
                                      : "calls of several requests fail: " + outputs.error().message);
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    static_cast<Request&>(*items[i]).done(std::move(alone[i]), fits ? together : 1);
  }
}

void Joiner::Note(int rows, int requests, bool more, MonotonicTime began, MonotonicTime ended,
                  const std::vector<MonotonicTime>& since) {
  std::lock_guard lock(mutex_);
  controller_.Called(ended, rows, requests, more, Between(began, ended));
  for (MonotonicTime one : since) controller_.Answered(Between(one, ended));
  controller_.Review(ended);
}

void Joiner::Divide(std::vector<Rows> rows, std::string form, Done done) {
  auto division = std::make_shared<Division>();
  division->rows = std::move(rows);
  division->form = std::move(form);
  division->done = std::move(done);
  NextPiece(division);
}

// Behind what came meanwhile: one that has very many rows keeps nobody waiting for all of them.
void Joiner::NextPiece(const std::shared_ptr<Division>& division) {
  const std::int64_t count = std::min<std::int64_t>(settings_.most, division->rows[0].shape[0] - division->next);
  std::vector<Rows> piece = Slice(division->rows, division->next, count);
  division->next += count;
  Enqueue(std::move(piece), division->form, [this, division, count](Result<std::vector<Output>> outputs, int together) {
    if (!outputs.ok()) return division->done(std::move(outputs).error(), 1);
    division->together = std::max(division->together, together);
    if (!HaveRows(*outputs, count) || (!division->outputs.empty() && !Append(division->outputs, std::move(*outputs)))) {
      return division->done(Fail(kModelFailed, "The model does not answer row by row: the request cannot be divided"),
                            1);
    }
    if (division->outputs.empty()) division->outputs = std::move(*outputs);
    if (division->next < division->rows[0].shape[0]) return NextPiece(division);
    division->done(std::move(division->outputs), division->together);
  });
}

std::string Joiner::ExplainJson() const {
  std::vector<std::string> lines;
  {
    std::lock_guard lock(mutex_);
    lines = controller_.Explain();
  }
  std::string text;
  codec::JsonWriter writer(text);
  writer.BeginObject().Key("Plan").BeginArray();
  for (const std::string& line : lines) writer.String(line);
  writer.EndArray().EndObject();
  return text;
}

}  // namespace aloft::onnx_worker
