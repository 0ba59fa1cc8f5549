// How long one decision takes over many who wait: the time in which nothing else can start.
#include <benchmark/benchmark.h>

#include "platform/compute/schedule.h"

namespace aloft::compute {
namespace {

void BM_Decide(benchmark::State& state) {
  constexpr std::uint64_t kGiB = 1ull << 30;
  Capacity machine{.vcpus = 64, .memory_bytes = 256 * kGiB};
  Quotas quotas;
  for (int account = 0; account < 10; ++account) quotas[{std::to_string(account), ""}].vcpus = 100;
  std::vector<Candidate> waiting;
  for (int i = 0; i < state.range(0); ++i)
    waiting.push_back({.members = {TaskId("training.123456789012.us-east-1.job-" + std::to_string(i) + ".1")},
                       .wanted = {{.vcpus = 2, .memory_bytes = 8 * kGiB}},
                       .accepted = FromMicros(i),
                       .priority = i % 3,
                       .queue = std::to_string(i % 10),
                       .max_runtime = std::chrono::hours(24)});
  std::vector<Holder> running;
  for (int i = 0; i < 28; ++i)
    running.push_back({.group = TaskId("running-" + std::to_string(i)),
                       .granted = {.vcpus = 2, .memory_bytes = 8 * kGiB},
                       .queue = std::to_string(i % 10),
                       .ends_by = FromMicros(1'000'000 * i)});
  for (auto _ : state) benchmark::DoNotOptimize(Decide(machine, quotas, waiting, running, FromMicros(1)));
}
BENCHMARK(BM_Decide)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace aloft::compute
