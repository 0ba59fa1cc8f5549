#include "platform/keys/reseal.h"

#include <utility>

#include "foundation/base/fault_point.h"
#include "foundation/crypto/wipe.h"
#include "foundation/os/file.h"

namespace aloft::keys {
namespace {

using std::chrono::seconds;

constexpr seconds kIdle{5};  // how soon a rotation is noticed
constexpr seconds kAfterFailures{600};
constexpr const char* kPageRows = "100";

}  // namespace

Result<std::optional<std::string>> Renew(const Keyring& keyring, std::string_view sealed, const std::string& context) {
  if (keyring.IsCurrent(sealed)) return std::optional<std::string>();
  ALOFT_ASSIGN(std::string plain, keyring.Open(sealed, context));
  const crypto::Wiped wiped(plain);
  return std::optional(keyring.Seal(plain, context));
}

SealSource SqlSource(sql::Database& database, const Keyring& keyring, SealColumn c) {
  const std::string select = "SELECT " + c.id + ", " + c.column + ", " + c.context + " FROM " + c.table + " WHERE " +
                             c.id + " > $1 ORDER BY 1 LIMIT " + kPageRows;
  const std::string update = "UPDATE " + c.table + " SET " + c.column + " = $2 WHERE " + c.id + " = $1";
  auto page = [&database, &keyring, select, update, purpose = c.purpose](const std::string& from) {
    return database.Write([&](sql::Transaction& t) -> Result<ResealPage> {
      ResealPage out;
      ALOFT_ASSIGN(const sql::Rows rows, t.Query(select, {from}));
      for (const sql::Row& row : rows) {
        ++out.seen;
        out.next = row.Text(0);
        auto renewed = Renew(keyring, row.Blob(1), purpose + row.Text(2));
        if (!renewed.ok()) {
          ++out.failed;
        } else if (*renewed) {
          ALOFT_TRY(t.Execute(update, {row.Text(0), sql::Bytes{std::move(**renewed)}}));
          ++out.renewed;
        }
      }
      if (rows.size() < 100) out.next.clear();
      return out;
    });
  };
  return {c.table, std::move(page)};
}

Resealer::Resealer(const Keyring& keyring, std::string marker, std::vector<SealSource> sources, seconds settle,
                   const Clock& clock, Log log)
    : keyring_(keyring),
      marker_(std::move(marker)),
      sources_(std::move(sources)),
      settle_(settle),
      clock_(clock),
      log_(std::move(log)) {}

void Resealer::Begin(const std::string& newest) {
  if (newest != newest_) seen_first_ = clock_.Monotonic();
  newest_ = newest;
  begun_ = clock_.Monotonic();
  source_ = 0;
  from_.clear();
  const std::lock_guard lock(mutex_);
  status_ = {.key = newest, .complete = false};
}

Result<seconds> Resealer::Step() {
  const std::vector<std::string> ids = keyring_.GetStatus().ids;
  if (newest_ != ids.front()) {
    // The first key has nothing before it; of a later one the marker may say that all is done.
    auto done = os::ReadFile(marker_, 64);
    if (ids.size() == 1 || (done.ok() && *done == ids.front())) {
      const std::lock_guard lock(mutex_);
      status_.complete = true;
      status_.key = ids.front();
      return kIdle;
    }
    Begin(ids.front());
  }
  if (GetStatus().complete) return kIdle;
  if (source_ == sources_.size()) return Finish();
  ALOFT_FAULT_POINT("keys.reseal");
  ALOFT_ASSIGN(const ResealPage page, sources_[source_].page(from_));
  if (page.failed > 0)
    log_.Error("seals that do not open were left as they are",
               {{"where", sources_[source_].name}, {"count", std::to_string(page.failed)}});
  {
    const std::lock_guard lock(mutex_);
    status_.seen += page.seen;
    status_.renewed += page.renewed;
    status_.failed += page.failed;
  }
  from_ = page.next;
  if (from_.empty()) ++source_;
  return seconds(0);
}

// A pass counts as the last only if nobody could have sealed with an older key since it began.
Result<seconds> Resealer::Finish() {
  const ResealStatus found = GetStatus();
  const seconds early = std::chrono::ceil<seconds>(seen_first_ + settle_ - begun_);
  if (found.failed == 0 && early <= seconds(0)) {
    ALOFT_TRY(os::WriteFileDurably(marker_, newest_, 0600));
    log_.Info("every secret is sealed under the newest root key",
              {{"seals", std::to_string(found.seen)}, {"renewed", std::to_string(found.renewed)}});
    const std::lock_guard lock(mutex_);
    status_.complete = true;
    return kIdle;
  }
  const seconds wait = found.failed > 0 ? kAfterFailures : early;
  if (clock_.Monotonic() - begun_ < wait) return seconds(1);
  Begin(newest_);
  return seconds(0);
}

ResealStatus Resealer::GetStatus() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace aloft::keys
