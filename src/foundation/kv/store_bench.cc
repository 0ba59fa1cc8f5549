// RocksDB with a durable write each: alone and in groups, with and without a condition.
#include "foundation/kv/store.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <filesystem>

namespace aloft::kv {
namespace {

class Fixture {
 public:
  Fixture() {
    std::string name = std::filesystem::path(".") / "kv-bench-XXXXXX";
    directory_ = mkdtemp(name.data());
    Options options;
    options.path = directory_;
    store_ = Store::Open(options, Log::Discard()).value();
  }
  ~Fixture() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  Store& store() { return *store_; }
  std::atomic<std::uint64_t> next{0};

 private:
  std::string directory_;
  std::unique_ptr<Store> store_;
};

Fixture& Shared() {
  static Fixture fixture;
  return fixture;
}

std::string KeyOf(std::uint64_t number) {
  return "000000000000/us-east-1/bucket/" + std::to_string(number * 0x9e3779b97f4a7c15ull);
}

void Put(benchmark::State& state) {
  std::string value(static_cast<std::size_t>(state.range(0)), 'v');
  for (auto _ : state) {
    std::string key = KeyOf(Shared().next++);
    Batch batch;
    if (state.range(1) != 0) batch.Expect("bench", key, kAbsent);
    batch.Put("bench", std::move(key), value);
    ALOFT_CHECK(Shared().store().Apply(std::move(batch)).ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Put)
    ->ArgsProduct({{300, 4096}, {0, 1}})
    ->ArgNames({"bytes", "expect"})
    ->UseRealTime()
    ->ThreadRange(1, 64)
    ->MeasureProcessCPUTime();

void Get(benchmark::State& state) {
  std::uint64_t number = 0;
  std::uint64_t count = std::max<std::uint64_t>(1, Shared().next);
  for (auto _ : state) benchmark::DoNotOptimize(Shared().store().Get("bench", KeyOf(number++ % count)).value());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Get);

void Scan1000(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Shared().store().Scan("bench", {.limit = 1000}).value());
}
BENCHMARK(Scan1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace aloft::kv
