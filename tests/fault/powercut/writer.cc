#include <unistd.h>

#include <atomic>
#include <thread>

#include "workload.h"

namespace aloft::powercut {
namespace {

// One write(2), so that the recording shows when each acknowledgement left.
Status Acknowledge(const std::string& line) {
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return SystemError("write", errno);
  return {};
}

Status WriteSql(Stores& stores, int thread, int number) {
  return stores.database->Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(t.Execute("INSERT INTO items (thread, number, body) VALUES ($1, $2, $3)",
                        {std::int64_t{thread}, std::int64_t{number}, sql::Bytes{Content(Kind::kSql, thread, number)}}));
    ALOFT_TRY(
        t.Execute("INSERT INTO latest (thread, number) VALUES ($1, $2) "
                  "ON CONFLICT (thread) DO UPDATE SET number = excluded.number",
                  {std::int64_t{thread}, std::int64_t{number}}));
    t.Announce("powercut", std::to_string(thread), std::to_string(number));
    return {};
  });
}

Result<kv::Version> WriteKv(Stores& stores, int thread, int number) {
  std::string space(kSpace);
  kv::Batch batch;
  batch.Expect(space, RecordKey("item", thread, number), kv::kAbsent);
  batch.Put(space, RecordKey("item", thread, number), Content(Kind::kKv, thread, number));
  batch.Put(space, "latest/" + std::to_string(thread), std::to_string(number));
  batch.Announce("powercut", std::to_string(thread), std::to_string(number));
  return stores.store->Apply(std::move(batch));
}

// Bytes first, then the entry that makes them visible.
Status WriteBlob(Stores& stores, int thread, int number) {
  std::string content = Content(Kind::kBlob, thread, number);
  ALOFT_ASSIGN(auto writer, stores.blobs->Create(content.size()));
  ALOFT_TRY(writer->Append(AsBytes(content)));
  ALOFT_TRY(writer->Commit());
  kv::Batch batch;
  batch.Put(std::string(kSpace), RecordKey("blob", thread, number), writer->id().value());
  ALOFT_TRY(stores.store->Apply(std::move(batch)));
  return {};
}

Status WriteNumber(Stores& stores, int thread, int number) {
  std::string which = std::to_string(thread) + " " + std::to_string(number);
  ALOFT_TRY(WriteSql(stores, thread, number));
  ALOFT_TRY(Acknowledge("sql " + which + "\n"));
  ALOFT_ASSIGN(kv::Version version, WriteKv(stores, thread, number));
  ALOFT_TRY(Acknowledge("kv " + which + " " + std::to_string(version) + "\n"));
  if (!HasBlob(number)) return {};
  ALOFT_TRY(WriteBlob(stores, thread, number));
  return Acknowledge("blob " + which + "\n");
}

}  // namespace

Status Write(const std::string& directory, int sessions, int count) {
  int next = 0;
  for (int session = 0; session < sessions; ++session, next += count) {
    ALOFT_ASSIGN(auto stores, OpenStores(directory));
    std::vector<std::thread> threads;
    std::vector<Status> outcomes(kThreads);
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int number = next; number < next + count && outcomes[thread].ok(); ++number)
          outcomes[thread] = WriteNumber(*stores, thread, number);
      });
    }
    for (std::thread& each : threads) each.join();
    for (Status& outcome : outcomes) ALOFT_TRY(std::move(outcome));
  }
  return {};
}

}  // namespace aloft::powercut
