// Quotas of accounts and of their users, as operators set them: kept in the database, known to the scheduler. They
// bound what runs at once on each server; what is beyond waits, what could never fit is refused.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foundation/sql/database.h"
#include "platform/compute/schedule.h"
#include "platform/identity/session.h"

namespace aloft::jobs {

std::vector<sql::Migration> Migrations();  // what all kinds share

// "user/eve", "role/Trainer", "root": how quotas and `aloft queue` name who made a job.
std::string OwnerOf(const identity::Session& session);

struct AccountQuota {
  std::string account{};
  std::string owner{};  // empty: the whole account
  compute::Quota quota{};
};

// Thread-safe.
class QuotaStore {
 public:
  QuotaStore(sql::Database& database, std::shared_ptr<compute::QuotaBoard> board)
      : database_(database), board_(std::move(board)) {}

  // A quota without any bound removes what there was. Holds on this server when it returns; on others within a second.
  Status Put(const AccountQuota& quota);
  Result<std::vector<AccountQuota>> List();
  // Reads what other servers have put.
  Status Refresh();

 private:
  sql::Database& database_;
  std::shared_ptr<compute::QuotaBoard> board_;
};

}  // namespace aloft::jobs
