// The audit log's door: records calls, keeps them in hash chains, and finds them again.
//
//   ALOFT_TRY(audit.Admit());                                  // before anything is done for the caller
//   auto entry = audit.Begin(std::move(facts));
//   { audit::Scope scope(entry); handler(); }
//   audit.Finish(entry, outcome, [answer](Status durable) { ... });
//
// Thread-safe. Begin and Finish touch only memory; the sealer's thread writes.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/metrics.h"
#include "foundation/base/random.h"
#include "foundation/kv/store.h"
#include "foundation/sql/database.h"
#include "platform/audit/commit_hook.h"
#include "platform/audit/errors.h"
#include "platform/audit/event.h"
#include "platform/audit/selectors.h"
#include "platform/keys/keyring.h"

namespace aloft::audit {

class Sealer;

struct Options {
  std::string chain;  // the replica's id
  std::chrono::milliseconds seal_every{1000};
  std::chrono::seconds checkpoint_every{60};
  std::chrono::hours retention{24 * 2192};  // six years; zero: for ever
  std::size_t max_waiting_bytes = 64u << 20;
  std::uint32_t max_nameless_per_second = 50;  // calls of nobody that are recorded one by one
};

struct LookupQuery {
  AccountId account{};
  std::optional<Time> from{}, to{};
  bool data = false;  // data events instead of management events
  // At most one; absent: all. The names are LookupEvents'.
  struct Attribute {
    std::string name, value;
  };
  std::optional<Attribute> attribute{};
  std::size_t limit = 50;
  std::string token{};
};
struct LookupPage {
  struct Record {
    Time at;
    std::string json;
  };
  std::vector<Record> records;  // newest first
  std::string next_token;       // empty: no more
};

// What the chains look like now; for status and evidence.
struct ChainState {
  std::string chain;
  std::uint64_t sequence = 0;
  Time at{};
};

class Service {
 public:
  // Recovers what a crash left pending. `database` and `store` must be those of NoteWrites, and outlive the service.
  static Result<std::unique_ptr<Service>> Open(Options options, sql::Database& database, kv::Store& store,
                                               const keys::Keyring& keyring, const Clock& clock, Random& random,
                                               Log log, Metrics& metrics);
  ~Service();  // Stop()

  void Start();
  // Seals what waits, signs a checkpoint, and ends the thread.
  void Stop();

  // kAuditFull where no further record could be kept.
  Status Admit() const;
  // Whether a data event is wanted; one atomic load where nobody wants any.
  bool Wants(const AccountId& account, const Class& kind, std::string_view arn) const;
  void SetSelectors(std::shared_ptr<const Selectors> selectors);

  std::shared_ptr<Entry> Begin(Facts facts);
  // Before Begin for a refused call of nobody: false where they come in a flood. Then the call is only counted, and the
  // count becomes a record.
  bool AdmitNameless();
  // Calls `durable` exactly once, maybe at once, when the caller may hear of it: for a change that succeeded when its
  // record is durable, otherwise at once.
  void Finish(const std::shared_ptr<Entry>& entry, const Outcome& outcome, std::function<void(Status)> durable);

  Result<LookupPage> Lookup(const LookupQuery& query) const;
  Result<std::vector<ChainState>> Chains() const;
  const Options& options() const { return options_; }

  // One turn of the sealer, for tests and for who needs everything sealed now.
  Status SealNow();
  Status CheckpointNow();
  // Forgets blocks and records past retention; bounded work, returns how many blocks.
  Result<std::size_t> Prune();

 private:
  Service(Options options, sql::Database& database, kv::Store& store, const Clock& clock, Random& random, Log log,
          Metrics& metrics);

  const Options options_;
  sql::Database& database_;
  kv::Store& store_;
  const Clock& clock_;
  Random& random_;
  Log log_;
  Counter& recorded_;
  Counter& suppressed_;
  std::atomic<bool> any_selectors_{false};
  mutable std::mutex selectors_mutex_;
  std::shared_ptr<const Selectors> selectors_;
  std::unique_ptr<Sealer> sealer_;
  void RecordSuppressed();

  std::mutex nameless_mutex_;
  std::int64_t nameless_second_ = 0;
  std::uint32_t nameless_count_ = 0;
  std::uint64_t nameless_left_out_ = 0;
};

}  // namespace aloft::audit
