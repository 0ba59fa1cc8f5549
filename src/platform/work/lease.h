// Leases: which process runs a loop, where several share a database. Each new holder gets a higher epoch, and every
// write that the holder makes tests it, so that one who sleeps past its lease changes nothing.
//
//   ALOFT_ASSIGN(std::optional<Lease> lease, leases.Acquire("training.loop", holder, seconds(15)));
//   db.Write([&](sql::Transaction& t) -> Status { ALOFT_TRY(CheckLease(t, *lease)); ... });
//
// Time is the database's own where it is shared (PostgreSQL), the clock's where there is one process (SQLite).
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"

namespace aloft::work {

// Another process took over: stop acting.
inline constexpr Reason kLeaseLost{ErrorKind::kConflict, "LeaseLost"};

struct Lease {
  std::string name, holder;
  std::int64_t epoch = 0;
  Time expires;
};

class Leases {
 public:
  Leases(sql::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Absent: somebody else holds it. The same holder gets it at once with a new epoch: it died and is back.
  Result<std::optional<Lease>> Acquire(const std::string& name, const std::string& holder,
                                       std::chrono::microseconds duration);
  // The same epoch, a later end. kLeaseLost where the epoch is no longer ours.
  Result<Lease> Renew(const Lease& lease, std::chrono::microseconds duration);
  // Ends it now, so that another need not wait. Releasing what is lost succeeds.
  Status Release(const Lease& lease);

 private:
  Result<Time> Now(sql::Reader& reader) const;

  sql::Database& database_;
  const Clock& clock_;
};

// kLeaseLost where the lease has another epoch now. In the transaction whose writes it guards.
Status CheckLease(sql::Reader& reader, const Lease& lease);

// The room's schema, for sql::Database::Open.
std::span<const sql::Migration> Migrations();

}  // namespace aloft::work
