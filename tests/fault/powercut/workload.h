// What the writer writes and the checker expects: records of threads, each with numbers 0, 1, 2, ... and bytes that
// follow from thread and number alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foundation/base/random.h"
#include "foundation/blob/store.h"
#include "foundation/kv/store.h"
#include "foundation/sql/database.h"

namespace aloft::powercut {

inline constexpr int kThreads = 3;
inline constexpr std::string_view kSpace = "powercut";

// All stores, with limits so small that logs turn, tables are flushed and checkpoints run.
struct Stores {
  SystemRandom random;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<kv::Store> store;
  std::unique_ptr<blob::Store> blobs;
};
Result<std::unique_ptr<Stores>> OpenStores(const std::string& directory);

enum class Kind { kSql, kKv, kBlob };

std::string Content(Kind kind, int thread, int number);
std::string RecordKey(std::string_view prefix, int thread, int number);

// Every fourth number of a thread has a blob.
inline bool HasBlob(int number) {
  return number % 4 == 0;
}

// Writes `count` numbers per thread on from what is there, printing a line after each acknowledged write.
Status Write(const std::string& directory, int sessions, int count);
// Holds the stores against the acknowledgement lines and each other, then writes and reopens once more.
Status Check(const std::string& directory, const std::string& acknowledgements);

// Fills a small disk with each store: it says so, leaves nothing behind, and goes on once there is room.
Status Fill(const std::string& directory);

}  // namespace aloft::powercut
