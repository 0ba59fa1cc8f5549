#include "workload.h"

namespace aloft::powercut {
namespace {

const std::vector<sql::Migration>& Schema() {
  static const std::vector<sql::Migration> kSchema{
      {.room = "powercut",
       .version = 1,
       .statements = {"CREATE TABLE items (thread INTEGER NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, "
                      "PRIMARY KEY (thread, number))",
                      "CREATE TABLE latest (thread INTEGER PRIMARY KEY, number INTEGER NOT NULL)"}}};
  return kSchema;
}

// splitmix64
std::uint64_t Next(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

}  // namespace

Result<std::unique_ptr<Stores>> OpenStores(const std::string& directory) {
  auto stores = std::make_unique<Stores>();
  Log log = Log::ToStderr(Log::Level::kWarn, Log::Format::kText);
  sql::Options sql_options;
  sql_options.path = directory + "/sql/aloft.db";
  sql_options.readers = 1;
  sql_options.checkpoint_pages = 40;
  ALOFT_ASSIGN(stores->database, sql::Database::Open(sql_options, Schema(), log));
  kv::Options kv_options;
  kv_options.path = directory + "/kv";
  kv_options.cache_bytes = 512u << 10;
  ALOFT_ASSIGN(stores->store, kv::Store::Open(kv_options, log));
  ALOFT_ASSIGN(stores->blobs, blob::OpenDirectoryStore(directory + "/blobs", stores->random, log));
  return stores;
}

std::string Content(Kind kind, int thread, int number) {
  std::uint64_t state = static_cast<std::uint64_t>(kind) << 48 | static_cast<std::uint64_t>(thread) << 32 |
                        static_cast<std::uint64_t>(number);
  std::uint64_t draw = Next(state);
  std::size_t most = kind == Kind::kSql ? 3'000 : kind == Kind::kKv ? 12'000 : draw % 7 == 0 ? 1'500'000 : 60'000;
  std::string out(Next(state) % most, '\0');
  for (std::size_t i = 0; i < out.size(); i += 8) {
    std::uint64_t word = Next(state);
    for (std::size_t k = i; k < std::min(out.size(), i + 8); ++k, word >>= 8) out[k] = static_cast<char>(word);
  }
  return out;
}

std::string RecordKey(std::string_view prefix, int thread, int number) {
  std::string digits = std::to_string(number);
  return std::string(prefix) + "/" + std::to_string(thread) + "/" + std::string(8 - digits.size(), '0') + digits;
}

}  // namespace aloft::powercut
