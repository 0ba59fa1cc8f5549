// When principals and access keys were last used, and for what: noted in memory at every call, written once a minute.
// What was noted since the last write is lost in a crash; AWS promises no more ("may take up to four hours").
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/identity/service.h"

namespace aloft::directory {

// The room's schema. Format: docs/formats/directory.md.
std::span<const sql::Migration> Migrations();

struct Use {
  std::string service{};  // "s3"
  std::string region{};
  Time when{};
};

// By service. `principal` is a unique id.
Result<std::vector<Use>> ListUses(sql::Reader& reader, const AccountId& account, std::string_view principal);
// The latest of them.
Result<std::optional<Use>> FindLastUse(sql::Reader& reader, const AccountId& account, std::string_view principal);

class LastUses {
 public:
  explicit LastUses(identity::Service& identity) : state_(identity.state()) {}

  // On any thread; some 100 ns. Bounded: what finds no room is not noted.
  void Note(const identity::Session& session, std::string_view service, std::string_view region);
  // Writes what was noted. How many principals it was.
  Result<std::size_t> Flush();

 private:
  struct Noted {
    AccountId account;
    std::string principal, service, access_key, region;
    Time when;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Noted> noted;
  };

  identity::Service::State& state_;
  std::array<Shard, 16> shards_;
};

}  // namespace aloft::directory
