// Writing and reading blobs: the cost of durability by size, with the size known (the disk is reserved) and unknown.
#include "foundation/blob/store.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <filesystem>

#include "foundation/crypto/aead.h"

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

// An encrypted blob, read as an upload is sent: 256 KiB at a time.
void ReadEncrypted(benchmark::State& state) {
  const std::string secret(FrameKey::kSize, 'k');
  const auto key = FrameKey::FromBytes(secret);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5a), piece(256u << 10);
  auto writer = Shared().store().Create(0, key).value();
  ALOFT_CHECK(writer->Append(bytes).ok() && writer->Commit().ok());
  for (auto _ : state) {
    auto reader = Shared().store().Open(writer->id(), key).value();
    for (std::uint64_t at = 0; at < bytes.size(); at += piece.size())
      benchmark::DoNotOptimize(reader->Read(at, piece).value());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ReadEncrypted)->Arg(4 << 10)->Arg(8 << 20)->Arg(64 << 20)->ArgName("bytes");

// What the libraries give for the same: AES-256-GCM over 64 KiB at a time, and one copy.
void OpenAndCopy(benchmark::State& state) {
  const std::string key(crypto::kAeadKeySize, 'k'), nonce(crypto::kAeadNonceSize, 'n');
  crypto::Aead aead(key);
  constexpr std::size_t kPiece = 64u << 10;
  std::vector<std::uint8_t> stored(static_cast<std::size_t>(state.range(0)), 0x5a), out(256u << 10);
  std::array<std::uint8_t, crypto::kAeadTagSize> tag;
  aead.Seal(nonce, "", ByteView(stored).first(kPiece), stored.data(), tag);
  for (std::size_t at = kPiece; at < stored.size(); at += kPiece) std::memcpy(&stored[at], stored.data(), kPiece);
  for (auto _ : state) {
    for (std::size_t at = 0; at < stored.size(); at += kPiece) {
      std::uint8_t* target = out.data() + at % out.size();
      std::memcpy(target, &stored[at], kPiece);
      ALOFT_CHECK(aead.Open(nonce, "", {target, kPiece}, target, tag));
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(OpenAndCopy)->Arg(8 << 20)->Arg(64 << 20)->ArgName("bytes");

void WriteEncrypted(benchmark::State& state) {
  SystemRandom random;
  const FrameKey key = FrameKey::Draw(random);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(state.range(0)), 0x5a);
  for (auto _ : state) {
    auto writer = Shared().store().Create(bytes.size(), key).value();
    ALOFT_CHECK(writer->Append(bytes).ok() && writer->Commit().ok());
    state.PauseTiming();
    ALOFT_CHECK(Shared().store().Delete(writer->id()).ok());
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(WriteEncrypted)->Arg(256 << 10)->Arg(8 << 20)->ArgName("bytes")->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace aloft::blob
