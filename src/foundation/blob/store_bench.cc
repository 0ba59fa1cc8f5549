// Writing and reading blobs: the cost of durability by size, with the size known (the disk is reserved) and unknown.
#include "foundation/blob/store.h"

#include <benchmark/benchmark.h>

#include <filesystem>

namespace aloft::blob {
namespace {

class Fixture {
 public:
  Fixture() {
    std::string name = std::filesystem::path(".") / "blob-bench-XXXXXX";
    directory_ = mkdtemp(name.data());
    store_ = OpenDirectoryStore(directory_, random_, Log::Discard()).value();
  }
  ~Fixture() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  Store& store() { return *store_; }

 private:
  SystemRandom random_;
  std::string directory_;
  std::unique_ptr<Store> store_;
};

Fixture& Shared() {
  static Fixture fixture;
  return fixture;
}

BlobId WriteOne(Store& store, ByteView bytes, bool known) {
  auto writer = store.Create(known ? bytes.size() : 0).value();
  for (std::size_t at = 0; at < bytes.size(); at += 256u << 10)
    ALOFT_CHECK(writer->Append(bytes.subspan(at, std::min<std::size_t>(256u << 10, bytes.size() - at))).ok());
  ALOFT_CHECK(writer->Commit().ok());
  return writer->id();
}

void Write(benchmark::State& state) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state) {
    BlobId id = WriteOne(Shared().store(), bytes, state.range(1) != 0);
    state.PauseTiming();
    ALOFT_CHECK(Shared().store().Delete(id).ok());
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Write)
    ->ArgsProduct({{4 << 10, 256 << 10, 8 << 20}, {0, 1}})
    ->ArgNames({"bytes", "known"})
    ->UseRealTime()
    ->ThreadRange(1, 16)
    ->MeasureProcessCPUTime();

void Read(benchmark::State& state) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
  BlobId id = WriteOne(Shared().store(), bytes, false);
  for (auto _ : state) {
    auto reader = Shared().store().Open(id).value();
    benchmark::DoNotOptimize(reader->Read(0, bytes).value());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Read)->Arg(4 << 10)->Arg(8 << 20)->ArgName("bytes");

}  // namespace
}  // namespace aloft::blob
