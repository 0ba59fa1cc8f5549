#include "platform/work/lease.h"

namespace aloft::work {

std::span<const sql::Migration> Migrations() {
  static const sql::Migration kMigrations[] = {
      {"work",
       1,
       {"CREATE TABLE work_leases (name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, "
        "expires INTEGER NOT NULL)"}}};
  return kMigrations;
}

Result<Time> Leases::Now(sql::Reader& reader) const {
  if (database_.engine() == sql::Engine::kSqlite) return clock_.Now();
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"));
  return FromMicros(rows.at(0).Int(0));
}

Result<std::optional<Lease>> Leases::Acquire(const std::string& name, const std::string& holder,
                                             std::chrono::microseconds duration) {
  return database_.Write([&](sql::Transaction& t) -> Result<std::optional<Lease>> {
    ALOFT_ASSIGN(Time now, Now(t));
    Lease lease{name, holder, 1, now + duration};
    ALOFT_ASSIGN(sql::Rows rows, t.Query("SELECT holder, epoch, expires FROM work_leases WHERE name = $1", {name}));
    if (rows.empty()) {
      ALOFT_TRY(t.Execute("INSERT INTO work_leases (name, holder, epoch, expires) VALUES ($1, $2, $3, $4)",
                          {name, holder, lease.epoch, ToMicros(lease.expires)}));
      return std::optional(lease);
    }
    if (rows[0].Text(0) != holder && rows[0].Int(2) > ToMicros(now)) return std::optional<Lease>();
    lease.epoch = rows[0].Int(1) + 1;
    ALOFT_TRY(t.Execute("UPDATE work_leases SET holder = $2, epoch = $3, expires = $4 WHERE name = $1",
                        {name, holder, lease.epoch, ToMicros(lease.expires)}));
    return std::optional(lease);
  });
}

Result<Lease> Leases::Renew(const Lease& lease, std::chrono::microseconds duration) {
  return database_.Write([&](sql::Transaction& t) -> Result<Lease> {
    ALOFT_TRY(CheckLease(t, lease));
    Lease renewed = lease;
    ALOFT_ASSIGN(Time now, Now(t));
    renewed.expires = now + duration;
    ALOFT_TRY(
        t.Execute("UPDATE work_leases SET expires = $2 WHERE name = $1", {lease.name, ToMicros(renewed.expires)}));
    return renewed;
  });
}

Status Leases::Release(const Lease& lease) {
  return database_.Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(
        t.Execute("UPDATE work_leases SET expires = 0 WHERE name = $1 AND epoch = $2", {lease.name, lease.epoch}));
    return {};
  });
}

Status CheckLease(sql::Reader& reader, const Lease& lease) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT epoch FROM work_leases WHERE name = $1", {lease.name}));
  if (rows.size() == 1 && rows[0].Int(0) == lease.epoch) return {};
  return Fail(kLeaseLost, "Another process has taken over", lease.name);
}

}  // namespace aloft::work
