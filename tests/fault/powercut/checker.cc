#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "workload.h"

namespace aloft::powercut {
namespace {

inline constexpr Reason kLost{ErrorKind::kCorrupt, "Lost"};

struct Acknowledged {
  // By thread: the greatest number; -1 for none.
  std::map<int, int> sql, kv, blob;
  std::map<std::pair<int, int>, kv::Version> versions;
};

Acknowledged Parse(const std::string& path) {
  Acknowledged out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind;
    int thread = 0, number = 0;
    words >> kind >> thread >> number;
    auto& latest = kind == "sql" ? out.sql : kind == "kv" ? out.kv : out.blob;
    latest.try_emplace(thread, -1).first->second = number;
    if (kind == "kv") words >> out.versions[{thread, number}];
  }
  return out;
}

int LatestOf(const std::map<int, int>& numbers, int thread) {
  auto found = numbers.find(thread);
  return found == numbers.end() ? -1 : found->second;
}

Status Lost(const std::string& what) {
  return Fail(kLost, what);
}

std::string Name(int thread, int number) {
  return "thread " + std::to_string(thread) + " number " + std::to_string(number);
}

// Every announcement of numbers 0 to `latest` of each thread, once and in order.
Status CheckOutbox(sql::Outbox& outbox, const std::map<int, int>& latest, const std::string& store) {
  std::map<int, int> next;
  sql::OutboxPosition position;
  for (bool more = true; more;) {
    ALOFT_ASSIGN(sql::OutboxPage page, outbox.Read(position, "", 100));
    for (const sql::Announcement& each : page.entries) {
      if (std::stoi(each.record) != next[std::stoi(each.key)]++)
        return Lost(store + " announced " + each.record + " of thread " + each.key + " out of order");
    }
    position = page.next;
    more = page.more;
  }
  for (auto [thread, number] : latest)
    if (next[thread] != number + 1) return Lost(store + " does not announce what it holds");
  return {};
}

Status CheckSql(Stores& stores, const Acknowledged& acknowledged) {
  std::map<int, int> latest;
  ALOFT_TRY(stores.database->Read([&](sql::Reader& reader) -> Status {
    ALOFT_ASSIGN(sql::Rows integrity, reader.Query("PRAGMA integrity_check"));
    if (integrity.at(0).Text(0) != "ok") return Lost("sql: integrity_check says " + integrity.at(0).Text(0));
    ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT thread, number FROM latest"));
    for (const sql::Row& row : rows) latest[static_cast<int>(row.Int(0))] = static_cast<int>(row.Int(1));
    ALOFT_ASSIGN(sql::Rows items, reader.Query("SELECT thread, number, body FROM items ORDER BY thread, number"));
    std::map<int, int> next;
    for (const sql::Row& row : items) {
      int thread = static_cast<int>(row.Int(0)), number = static_cast<int>(row.Int(1));
      if (number != next[thread]++) return Lost("sql: a row is missing before " + Name(thread, number));
      if (row.Blob(2) != Content(Kind::kSql, thread, number))
        return Lost("sql: wrong bytes in " + Name(thread, number));
    }
    for (auto [thread, number] : latest)
      if (next[thread] != number + 1) return Lost("sql: a transaction is torn after " + Name(thread, number));
    return {};
  }));
  for (int thread = 0; thread < kThreads; ++thread)
    if (LatestOf(latest, thread) < LatestOf(acknowledged.sql, thread))
      return Lost("sql: acknowledged but gone: " + Name(thread, LatestOf(acknowledged.sql, thread)));
  return CheckOutbox(stores.database->outbox(), latest, "sql");
}

Status CheckKv(Stores& stores, const Acknowledged& acknowledged) {
  std::map<int, int> latest;
  for (int thread = 0; thread < kThreads; ++thread) {
    ALOFT_ASSIGN(auto last, stores.store->Get(kSpace, "latest/" + std::to_string(thread)));
    if (last) latest[thread] = std::stoi(last->value);
    if (LatestOf(latest, thread) < LatestOf(acknowledged.kv, thread))
      return Lost("kv: acknowledged but gone: " + Name(thread, LatestOf(acknowledged.kv, thread)));
    std::string prefix = "item/" + std::to_string(thread);
    kv::ScanRange range{.from = prefix + "/", .to = prefix + "0", .limit = 1'000'000, .max_bytes = 1u << 30};
    ALOFT_ASSIGN(kv::ScanPage page, stores.store->Scan(kSpace, range));
    int number = 0;
    for (const kv::Entry& entry : page.entries) {
      if (entry.key != RecordKey("item", thread, number)) return Lost("kv: missing " + Name(thread, number));
      if (entry.value != Content(Kind::kKv, thread, number)) return Lost("kv: wrong bytes in " + Name(thread, number));
      auto version = acknowledged.versions.find({thread, number});
      if (version != acknowledged.versions.end() && version->second != entry.version)
        return Lost("kv: another version of " + Name(thread, number));
      ++number;
    }
    if (number != LatestOf(latest, thread) + 1) return Lost("kv: a batch is torn after " + Name(thread, number));
  }
  return CheckOutbox(stores.store->outbox(), latest, "kv");
}

Result<std::string> ReadBlob(Stores& stores, const blob::BlobId& id) {
  ALOFT_ASSIGN(auto reader, stores.blobs->Open(id));
  std::string bytes(reader->size(), '\0');
  ALOFT_TRY(reader->Read(0, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}));
  return bytes;
}

Status CheckBlobs(Stores& stores, const Acknowledged& acknowledged) {
  for (int thread = 0; thread < kThreads; ++thread) {
    int latest = -1;
    std::string prefix = "blob/" + std::to_string(thread);
    kv::ScanRange range{.from = prefix + "/", .to = prefix + "0", .limit = 1'000'000};
    ALOFT_ASSIGN(kv::ScanPage page, stores.store->Scan(kSpace, range));
    for (const kv::Entry& entry : page.entries) {
      latest = std::stoi(entry.key.substr(prefix.size() + 1));
      ALOFT_ASSIGN(std::string bytes, ReadBlob(stores, blob::BlobId(entry.value)));
      if (bytes != Content(Kind::kBlob, thread, latest)) return Lost("blob: wrong bytes in " + Name(thread, latest));
    }
    if (latest < LatestOf(acknowledged.blob, thread))
      return Lost("blob: acknowledged but gone: " + Name(thread, LatestOf(acknowledged.blob, thread)));
  }
  // Whatever is visible is whole, with or without an index entry.
  Status whole;
  ALOFT_TRY(stores.blobs->List([&](const blob::BlobId& id, Time) {
    whole = stores.blobs->Verify(id);
    return whole.ok();
  }));
  return whole;
}

// The stores take new writes and keep them.
Status CheckRecovery(const std::string& directory) {
  blob::BlobId id;
  {
    ALOFT_ASSIGN(auto stores, OpenStores(directory));
    ALOFT_TRY(stores->database->Write([](sql::Transaction& t) {
      return t.Execute("INSERT INTO latest (thread, number) VALUES ($1, $2)", {std::int64_t{100}, std::int64_t{1}});
    }));
    kv::Batch batch;
    batch.Put(std::string(kSpace), "after", "the cut");
    ALOFT_TRY(stores->store->Apply(std::move(batch)));
    ALOFT_ASSIGN(auto writer, stores->blobs->Create(0));
    ALOFT_TRY(writer->Append(AsBytes("after the cut")));
    ALOFT_TRY(writer->Commit());
    id = writer->id();
  }
  ALOFT_ASSIGN(auto stores, OpenStores(directory));
  ALOFT_ASSIGN(auto rows, stores->database->Read([](sql::Reader& reader) {
    return reader.Query("SELECT number FROM latest WHERE thread = 100");
  }));
  ALOFT_ASSIGN(auto entry, stores->store->Get(kSpace, "after"));
  if (rows.size() != 1 || !entry) return Lost("what was written after the cut is gone");
  return stores->blobs->Verify(id);
}

}  // namespace

Status Check(const std::string& directory, const std::string& acknowledgements) {
  Acknowledged acknowledged = Parse(acknowledgements);
  {
    ALOFT_ASSIGN(auto stores, OpenStores(directory));
    ALOFT_TRY(CheckSql(*stores, acknowledged));
    ALOFT_TRY(CheckKv(*stores, acknowledged));
    ALOFT_TRY(CheckBlobs(*stores, acknowledged));
  }
  return CheckRecovery(directory);
}

}  // namespace aloft::powercut
