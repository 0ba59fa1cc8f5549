// aloft-fill: many empty objects in a bucket of a data directory whose server is stopped. The first is put through the
// object store's own door; the others are its record under other keys, thousands in a write, because ten million writes
// would take longer than everything that is measured.
//
//   aloft-fill --data DIR --account 000000000000 --bucket bench --keys 10000000
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/random.h"
#include "foundation/blob/store.h"
#include "foundation/kv/store.h"
#include "services/objects/records/keys.h"
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

constexpr std::uint64_t kBatch = 5000;

Status Fill(const std::string& data, const std::string& account, const std::string& name, std::uint64_t keys) {
  SystemClock clock;
  SystemRandom random;
  kv::Options options;
  options.path = data + "/kv";
  ALOFT_ASSIGN(auto store, kv::Store::Open(options, Log::Discard()));
  ALOFT_ASSIGN(auto blobs, blob::OpenDirectoryStore(data + "/blob", random, Log::Discard()));
  objects::Service objects(*store, *blobs, clock, random, Log::Discard());
  ALOFT_TRY(objects.Put(AccountId(account), {.bucket = name, .key = Name(0)}, ""));
  ALOFT_ASSIGN(objects::Bucket bucket, objects.HeadBucket(AccountId(account), name));
  ALOFT_ASSIGN(auto first, store->Get(objects::kIndexSpace, objects::IndexKey(bucket, Name(0))));
  if (!first) return Fail(kInternal, "The first object has no record");
  for (std::uint64_t at = 1; at < keys; at += kBatch) {
    kv::Batch batch;
    for (std::uint64_t n = at; n < std::min(keys, at + kBatch); ++n)
      batch.Put(objects::kIndexSpace, objects::IndexKey(bucket, Name(n)), first->value);
    ALOFT_TRY(store->Apply(std::move(batch)));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::string data, account, bucket;
  std::uint64_t keys = 0;
  CLI::App app("Fills a bucket of a stopped data directory with empty objects");
  app.add_option("--data", data)->required();
  app.add_option("--account", account)->required();
  app.add_option("--bucket", bucket)->required();
  app.add_option("--keys", keys)->required();
  CLI11_PARSE(app, argc, argv);
  auto filled = Fill(data, account, bucket, keys);
  if (!filled.ok()) std::fprintf(stderr, "aloft-fill: %s\n", Describe(filled.error()).c_str());
  return filled.ok() ? 0 : 1;
}
