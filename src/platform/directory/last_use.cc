#include "platform/directory/last_use.h"

#include <functional>

#include "platform/identity/state.h"

namespace aloft::directory {
namespace {

constexpr std::size_t kMostPerShard = 4'096, kPerWrite = 200;

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"directory",
       1,
       {"CREATE TABLE directory_uses (account TEXT NOT NULL, principal TEXT NOT NULL, service TEXT NOT NULL, "
        "region TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (account, principal, service))"}}};
  return migrations;
}

Result<std::vector<Use>> ListUses(sql::Reader& reader, const AccountId& account, std::string_view principal) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT service, region, used FROM directory_uses WHERE account = $1 "
                                                  "AND principal = $2 ORDER BY service",
                                                  {account.value(), std::string(principal)}));
  std::vector<Use> out;
  for (const sql::Row& row : rows) out.push_back({row.Text(0), row.Text(1), FromMicros(row.Int(2))});
  return out;
}

Result<std::optional<Use>> FindLastUse(sql::Reader& reader, const AccountId& account, std::string_view principal) {
  ALOFT_ASSIGN(const auto uses, ListUses(reader, account, principal));
  std::optional<Use> out;
  for (const Use& use : uses)
    if (!out || use.when > out->when) out = use;
  return out;
}

void LastUses::Note(const identity::Session& session, std::string_view service, std::string_view region) {
  if (session.kind != identity::PrincipalKind::kUser && session.kind != identity::PrincipalKind::kRole) return;
  std::string principal = session.principal_id.substr(0, session.principal_id.find(':'));
  // Long-lived keys are asked about by their id.
  const std::string_view key = session.temporary() ? std::string_view() : std::string_view(session.access_key_id);
  std::string name = principal;
  name.append("/").append(service).append("/").append(key);
  Shard& shard = shards_[std::hash<std::string>()(name) % shards_.size()];
  const Time now = state_.clock.Now();
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.noted.find(name); found != shard.noted.end()) {
    found->second.when = now;
    return;
  }
  if (shard.noted.size() >= kMostPerShard) return;
  shard.noted.emplace(std::move(name), Noted{session.account, std::move(principal), std::string(service),
                                             std::string(key), std::string(region), now});
}

Result<std::size_t> LastUses::Flush() {
  std::vector<Noted> all;
  for (Shard& shard : shards_) {
    std::unordered_map<std::string, Noted> noted;
    {
      const std::lock_guard lock(shard.mutex);
      noted.swap(shard.noted);
    }
    for (auto& [name, each] : noted) all.push_back(std::move(each));
  }
  for (std::size_t begin = 0; begin < all.size(); begin += kPerWrite) {
    const std::size_t end = std::min(all.size(), begin + kPerWrite);
    // Past State::Write: nothing that decides has changed, so no snapshot is forgotten.
    ALOFT_TRY(state_.database.Write([&](sql::Transaction& t) -> Status {
      for (std::size_t i = begin; i < end; ++i) {
        const Noted& each = all[i];
        ALOFT_TRY(
            t.Execute("INSERT INTO directory_uses (account, principal, service, region, used) "
                      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account, principal, service) DO UPDATE SET "
                      "region = excluded.region, used = excluded.used",
                      {each.account.value(), each.principal, each.service, each.region, ToMicros(each.when)}));
        if (!each.access_key.empty())
          ALOFT_TRY(identity::records::SetKeyUsed(t, each.access_key, each.when, each.service, each.region));
      }
      return {};
    }));
  }
  return all.size();
}

}  // namespace aloft::directory
