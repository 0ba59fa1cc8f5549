#include "api/admin/jobs.h"

#include <algorithm>
#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "services/resources/arn.h"

namespace aloft::api::admin {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMaxPause = 24 * 3600;

class Operation final : public api::Prepared {
 public:
  using Answer = std::function<Result<std::string>(const api::Call&)>;
  Operation(api::Permission permission, Answer answer)
      : permission_(std::move(permission)), answer_(std::move(answer)) {}

  std::vector<api::Permission> permissions() const override { return {permission_}; }
  void Run(const std::shared_ptr<const api::Call>& call, api::Authorized, api::Responder respond) override {
    auto text = answer_(*call);
    if (!text.ok()) return respond(std::move(text).error());
    respond(http::Response{200, {{"Content-Type", "application/json"}}, std::move(*text)});
  }

 private:
  const api::Permission permission_;
  const Answer answer_;
};

Result<std::unique_ptr<api::Prepared>> PrepareInterrupt(const api::Call& call, training::Service& training) {
  ALOFT_ASSIGN(json::value body, codec::ParseJson(call.body.empty() ? "{}" : call.body));
  const auto* object = body.if_object();
  const auto* name = object == nullptr ? nullptr : object->if_contains("TrainingJobName");
  if (name == nullptr || !name->is_string() || name->as_string().empty())
    return Fail(kInvalidArgument, "TrainingJobName is required and must be text");
  std::int64_t pause = 0;
  if (const auto* given = object->if_contains("PauseSeconds")) {
    if (!given->is_int64() || given->as_int64() < 0 || given->as_int64() > kMaxPause)
      return Fail(kInvalidArgument, "PauseSeconds must be a number from 0 to " + std::to_string(kMaxPause));
    pause = given->as_int64();
  }
  std::string job(name->as_string());
  api::Permission permission{"aloft:InterruptTrainingJob",
                             resources::SageMakerArn(call.session.account, call.region, "training-job", job),
                             {}};
  return std::unique_ptr<api::Prepared>(
      new Operation(std::move(permission), [&training, job, pause](const api::Call& c) -> Result<std::string> {
        ALOFT_TRY(training.InterruptTrainingJob({c.session.account, c.region}, job, std::chrono::seconds(pause)));
        return std::string("{}");
      }));
}

struct Waiting {
  Time since{};
  std::string kind, name, reason;
};

// Tasks are "<kind>.<account>.<region>.<name>.<attempt>[.<host>]"; of several hosts the first speaks.
Result<std::vector<Waiting>> WaitingOf(const api::Call& call, compute::Backend& backend) {
  ALOFT_ASSIGN(std::vector<compute::TaskId> tasks, backend.List());
  std::vector<Waiting> waiting;
  for (const compute::TaskId& id : tasks) {
    std::vector<std::string_view> parts = Split(id.value(), '.');
    if (parts.size() != 5 || parts[1] != call.session.account.value() || parts[2] != call.region.value()) continue;
    auto status = backend.Observe(id);
    if (!status.ok() || status->phase != compute::Phase::kPending || status->message.empty()) continue;
    waiting.push_back({status->transitions.front().at, std::string(parts[0]), std::string(parts[3]), status->message});
  }
  std::sort(waiting.begin(), waiting.end(), [](const auto& a, const auto& b) { return a.since < b.since; });
  return waiting;
}

Result<std::string> QueueJson(const api::Call& call, training::Service& training, compute::Backend& backend) {
  ALOFT_ASSIGN(std::vector<Waiting> waiting, WaitingOf(call, backend));
  ALOFT_ASSIGN(std::vector<training::KeptRoom> pools, training.ListWarmPools({call.session.account, call.region}));
  std::string text;
  codec::JsonWriter out(text);
  out.BeginObject().Key("Waiting").BeginArray();
  for (const Waiting& one : waiting) {
    out.BeginObject().Key("Kind").String(one.kind).Key("Name").String(one.name).Key("Reason").String(one.reason);
    out.Key("Since").Int(ToMicros(one.since) / 1'000'000).EndObject();
  }
  out.EndArray().Key("WarmPools").BeginArray();
  for (const training::KeptRoom& pool : pools) {
    out.BeginObject().Key("TrainingJobName").String(pool.job).Key("RoleArn").String(pool.role_arn);
    out.Key("InstanceType").String(pool.instance_type).Key("InstanceCount").Int(pool.instances);
    out.Key("Until").Int(ToMicros(pool.until) / 1'000'000).EndObject();
  }
  out.EndArray().EndObject();
  return text;
}

}  // namespace

std::vector<api::Row> MakeJobRows(training::Service& training, compute::Backend& backend) {
  std::vector<api::Row> rows;
  api::Row interrupt{"aloft", "InterruptTrainingJob", api::kSigV4, api::BodyMode::kBuffered, 4096, {}};
  interrupt.prepare = [&training](const api::Call& call) { return PrepareInterrupt(call, training); };
  rows.push_back(std::move(interrupt));
  api::Row queue{"aloft", "GetQueue", api::kSigV4, api::BodyMode::kBuffered, 4096, {}};
  queue.prepare = [&training, &backend](const api::Call&) -> Result<std::unique_ptr<api::Prepared>> {
    return std::unique_ptr<api::Prepared>(
        new Operation({"aloft:GetQueue", "*", {}},
                      [&training, &backend](const api::Call& c) { return QueueJson(c, training, backend); }));
  };
  rows.push_back(std::move(queue));
  return rows;
}

}  // namespace aloft::api::admin
