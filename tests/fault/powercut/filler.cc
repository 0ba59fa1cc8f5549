#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "workload.h"

namespace aloft::powercut {
namespace {

inline constexpr Reason kWrong{ErrorKind::kInternal, "Wrong"};
inline constexpr int kMost = 4000;

// Something large to delete, so that there is room again.
class Ballast {
 public:
  explicit Ballast(std::string path) : path_(std::move(path)) {
    int fd = open(path_.c_str(), O_CREAT | O_WRONLY, 0600);
    std::string bytes(6u << 20, 'b');
    if (fd >= 0 && write(fd, bytes.data(), bytes.size()) > 0) close(fd);
  }
  ~Ballast() { Drop(); }
  void Drop() { unlink(path_.c_str()); }

 private:
  std::string path_;
};

// Runs `write` until it fails, which it must with kDiskFull, then makes room: then it must succeed again.
template <class F>
Status FillAndRecover(const std::string& directory, const std::string& store, F write) {
  Ballast ballast(directory + "/ballast");
  Status status;
  int written = 0;
  while (status.ok() && written < kMost) status = write(written++);
  if (status.ok()) return Fail(kWrong, store + ": the disk was never full");
  if (status.error().reason != kDiskFull) return Fail(kWrong, store + ": not a full disk: " + Describe(status.error()));
  ballast.Drop();
  // RocksDB looks for room every five seconds.
  for (int attempt = 0; attempt < 300; ++attempt) {
    status = write(written++);
    if (status.ok()) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return Fail(kWrong, store + ": does not recover: " + Describe(status.error()));
}

}  // namespace

Status Fill(const std::string& directory) {
  std::vector<blob::BlobId> ids;
  {
    ALOFT_ASSIGN(auto stores, OpenStores(directory));
    ALOFT_TRY(FillAndRecover(directory, "blob", [&](int number) -> Status {
      ALOFT_ASSIGN(auto writer, stores->blobs->Create(number % 2 == 0 ? 0 : 1u << 20));
      ALOFT_TRY(writer->Append(AsBytes(std::string(1u << 20, 'x'))));
      ALOFT_TRY(writer->Commit());
      ids.push_back(writer->id());
      return {};
    }));
    std::size_t listed = 0;
    ALOFT_TRY(stores->blobs->List([&](const blob::BlobId&, Time) { return ++listed > 0; }));
    if (listed != ids.size()) return Fail(kWrong, "blob: a failed write left something behind");
    for (const blob::BlobId& id : ids) {
      ALOFT_TRY(stores->blobs->Verify(id));
      ALOFT_TRY(stores->blobs->Delete(id));
    }
    ALOFT_TRY(FillAndRecover(directory, "sql", [&](int number) {
      return stores->database->Write([&](sql::Transaction& t) -> Status {
        ALOFT_TRY(t.Execute("INSERT INTO items (thread, number, body) VALUES (0, $1, $2)",
                            {std::int64_t{number}, sql::Bytes{std::string(20'000, 'x')}}));
        return {};
      });
    }));
  }
  // Room for the next: the database is done with.
  for (const char* suffix : {"", "-wal", "-shm"}) unlink((directory + "/sql/aloft.db" + suffix).c_str());
  ALOFT_ASSIGN(auto stores, OpenStores(directory));
  ALOFT_TRY(FillAndRecover(directory, "kv", [&](int number) -> Status {
    kv::Batch batch;
    batch.Put(std::string(kSpace), RecordKey("item", 0, number), Content(Kind::kBlob, 0, number));
    ALOFT_TRY(stores->store->Apply(std::move(batch)));
    return {};
  }));
  return {};
}

}  // namespace aloft::powercut
