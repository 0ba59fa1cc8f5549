// The chain's only writer: takes finished records, makes them durable, and binds them into signed blocks. Private to
// the room.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "platform/audit/service.h"
#include "platform/audit/signer.h"

namespace aloft::audit {

// One record on its way into a block.
struct Finished {
  RecordName name;
  std::string record;                          // the final one, plain or packed
  bool in_store = false;                       // the very same is in its place already
  std::string digest{};                        // of the plain record; empty: not made yet
  unsigned places = 0;                         // of Entry::Place: where an intent or a mark may stand
  std::string mark_chain{};                    // the chain in the mark's key
  std::function<void(Status)> when_durable{};  // waits for a write of its own

  std::size_t bytes() const { return sizeof(Finished) + record.size(); }
};

class Sealer {
 public:
  Sealer(const Options& options, sql::Database& database, kv::Store& store, std::unique_ptr<Signer> signer,
         const Clock& clock, Log log, Metrics& metrics);
  ~Sealer();

  const Signer& signer() const { return *signer_; }

  // Takes what a crash left: marks in kv, rows in sql.
  Status Recover();
  // Called before each seal; may Add. Set before Start.
  void SetBeforeSeal(std::function<void()> before) { before_seal_ = std::move(before); }
  void Start();
  void Stop();

  bool HasRoom() const { return waiting_bytes_.load(std::memory_order_relaxed) < options_.max_waiting_bytes; }
  void Add(Finished finished);

  Status Seal();
  Status Checkpoint();
  Result<std::size_t> Prune();

 private:
  Status LoadHead();
  Status RecoverKv();
  Status RecoverSql();
  void Run();
  void WriteUrgent();
  Status SealSome(std::deque<Finished>& records, std::size_t count);
  Status ForgetRows(const std::vector<std::string>& names);

  const Options& options_;
  sql::Database& database_;
  kv::Store& store_;
  std::unique_ptr<Signer> signer_;
  const Clock& clock_;
  Log log_;
  Counter& sealed_;
  Gauge& waiting_;
  std::function<void()> before_seal_;

  // Serialises whoever seals, and is held while the store writes: only the sealer's own state hangs on it.
  std::mutex sealing_;
  Position head_;
  kv::Version head_version_ = kv::kAbsent;
  std::string last_checkpoint_;  // its hash
  std::uint64_t checkpointed_ = 0;
  std::deque<Finished> unsealed_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Finished> queue_;
  bool urgent_ = false;
  bool stopping_ = false;
  std::atomic<std::size_t> waiting_bytes_{0};
  std::thread thread_;
};

}  // namespace aloft::audit
