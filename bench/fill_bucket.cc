// aloft-fill: puts many empty objects into a bucket of a data directory whose server is stopped, through the object
// store's own door but without HTTP. Preload libno-sync.so: ten million synced writes would take hours.
//
//   LD_PRELOAD=libno-sync.so aloft-fill --data DIR --account 000000000000 --bucket bench --begin 0 --end 10000000
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/random.h"
#include "foundation/blob/store.h"
#include "foundation/kv/store.h"
#include "services/objects/service.h"

namespace {

using namespace aloft;

// A thousand objects a folder; ascending, so that the store is filled as a sync of sorted files fills it.
std::string Name(std::uint64_t n) {
  char name[64];
  std::snprintf(name, sizeof name, "folder-%05llu/object-%03llu", static_cast<unsigned long long>(n / 1000),
                static_cast<unsigned long long>(n % 1000));
  return name;
}

int Run(const std::string& data, const std::string& account, const std::string& bucket, std::uint64_t begin,
        std::uint64_t end, int threads) {
  SystemClock clock;
  SystemRandom random;
  kv::Options options;
  options.path = data + "/kv";
  auto store = kv::Store::Open(options, Log::Discard());
  auto blobs = blob::OpenDirectoryStore(data + "/blob", random, Log::Discard());
  if (!store.ok() || !blobs.ok()) {
    std::fprintf(stderr, "aloft-fill: %s\n", Describe(store.ok() ? blobs.error() : store.error()).c_str());
    return 1;
  }
  objects::Service objects(**store, **blobs, clock, random, Log::Discard());
  std::atomic<std::uint64_t> next{begin};
  std::atomic<bool> failed{false};
  auto work = [&] {
    constexpr std::uint64_t kChunk = 100;
    for (std::uint64_t at = next.fetch_add(kChunk); at < end && !failed; at = next.fetch_add(kChunk))
      for (std::uint64_t n = at; n < std::min(end, at + kChunk); ++n) {
        auto put = objects.Put(AccountId(account), {.bucket = bucket, .key = Name(n)}, "");
        if (put.ok()) continue;
        if (!failed.exchange(true)) std::fprintf(stderr, "aloft-fill: %s\n", Describe(put.error()).c_str());
        return;
      }
  };
  std::vector<std::thread> pool;
  for (int n = 0; n < threads; ++n) pool.emplace_back(work);
  for (auto& thread : pool) thread.join();
  return failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string data, account, bucket;
  std::uint64_t begin = 0, end = 0;
  int threads = 8;
  CLI::App app("Fills a bucket of a stopped data directory with empty objects");
  app.add_option("--data", data)->required();
  app.add_option("--account", account)->required();
  app.add_option("--bucket", bucket)->required();
  app.add_option("--begin", begin);
  app.add_option("--end", end)->required();
  app.add_option("--threads", threads);
  CLI11_PARSE(app, argc, argv);
  return Run(data, account, bucket, begin, end, threads);
}
