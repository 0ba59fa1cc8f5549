#include "services/jobs/quotas.h"

#include "foundation/base/bytes.h"

namespace aloft::jobs {
namespace {

template <class Number>
sql::Value MaybeInt(const std::optional<Number>& number) {
  return number ? sql::Value(static_cast<std::int64_t>(*number)) : sql::Value(nullptr);
}

template <class Number>
std::optional<Number> IntOf(const sql::Row& row, std::size_t column) {
  if (row.IsNull(column)) return std::nullopt;
  return static_cast<Number>(row.Int(column));
}

}  // namespace

std::vector<sql::Migration> Migrations() {
  return {{"jobs",
           1,
           {"CREATE TABLE jobs_quotas (account TEXT NOT NULL, owner TEXT NOT NULL, vcpus REAL, memory_bytes INTEGER, "
            "gpus INTEGER, instances INTEGER, PRIMARY KEY (account, owner))"}}};
}

std::string OwnerOf(const identity::Session& session) {
  if (!session.user_name.empty()) return "user/" + session.user_name;
  if (session.role_arn.empty()) return "root";
  return "role/" + session.role_arn.substr(session.role_arn.rfind('/') + 1);
}

Status QuotaStore::Put(const AccountQuota& one) {
  const compute::Quota& quota = one.quota;
  bool any = quota.vcpus || quota.memory_bytes || quota.gpus || quota.instances;
  ALOFT_TRY(database_.Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(t.Execute("DELETE FROM jobs_quotas WHERE account = $1 AND owner = $2", {one.account, one.owner}));
    if (!any) return {};
    ALOFT_TRY(
        t.Execute("INSERT INTO jobs_quotas (account, owner, vcpus, memory_bytes, gpus, instances) VALUES ($1, $2, $3, "
                  "$4, $5, $6)",
                  {one.account, one.owner, quota.vcpus ? sql::Value(*quota.vcpus) : sql::Value(nullptr),
                   MaybeInt(quota.memory_bytes), MaybeInt(quota.gpus), MaybeInt(quota.instances)}));
    return {};
  }));
  return Refresh();
}

Result<std::vector<AccountQuota>> QuotaStore::List() {
  return database_.Read([](sql::Reader& reader) -> Result<std::vector<AccountQuota>> {
    ALOFT_ASSIGN(auto rows, reader.Query("SELECT account, owner, vcpus, memory_bytes, gpus, instances FROM jobs_quotas "
                                         "ORDER BY account, owner"));
    std::vector<AccountQuota> quotas;
    for (const auto& row : rows) {
      AccountQuota one{row.Text(0), row.Text(1), {}};
      if (!row.IsNull(2)) one.quota.vcpus = row.Real(2);
      one.quota.memory_bytes = IntOf<std::uint64_t>(row, 3);
      one.quota.gpus = IntOf<int>(row, 4);
      one.quota.instances = IntOf<int>(row, 5);
      quotas.push_back(std::move(one));
    }
    return quotas;
  });
}

Status QuotaStore::Refresh() {
  ALOFT_ASSIGN(std::vector<AccountQuota> listed, List());
  compute::Quotas quotas;
  for (AccountQuota& one : listed) quotas[{std::move(one.account), std::move(one.owner)}] = one.quota;
  board_->Set(std::move(quotas));
  return {};
}

}  // namespace aloft::jobs
