// Brings what older root keys sealed under the newest one while the server runs: page by page through every place that
// holds seals. Each record is renewed by a write of its own place, so that a death at any moment leaves each under the
// old key or under the new, and both open. What the last pass of a rotation found is durable: a restart does not look
// through everything again.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "platform/keys/keyring.h"

namespace aloft::keys {

struct ResealPage {
  std::size_t seen = 0;     // seals
  std::size_t renewed = 0;  // of them
  std::size_t failed = 0;   // could not be opened; they stay as they are
  std::string next{};       // where to go on; empty: this was the last page
};

// One place that holds seals: renews those of one page that are not current. An empty `from` is the beginning.
struct SealSource {
  std::string name;
  std::function<Result<ResealPage>(const std::string& from)> page;
};

// A column of a table. `id` and `context` are SQL over the table's columns, the same on every engine: a text that
// orders the rows, and what follows `purpose` in the seals' context.
struct SealColumn {
  std::string table, column, id, purpose, context;
};
SealSource SqlSource(sql::Database& database, const Keyring& keyring, SealColumn column);

// Opens and seals anew where it is not current; absent where it is.
Result<std::optional<std::string>> Renew(const Keyring& keyring, std::string_view sealed, const std::string& context);

struct ResealStatus {
  std::string key{};                              // the root key it speaks of; empty: none yet
  bool complete = true;                           // nothing is under an older key any more
  std::size_t seen = 0, renewed = 0, failed = 0;  // of the present or last pass
};

// Steps are one thread's; the status is anybody's.
class Resealer {
 public:
  // `marker` is the file that says what is done, beside the root key file. `settle` is how long others of this
  // installation may go on sealing with an older key after a rotation.
  Resealer(const Keyring& keyring, std::string marker, std::vector<SealSource> sources, std::chrono::seconds settle,
           const Clock& clock, Log log);

  // One page of work; answers when to come again.
  Result<std::chrono::seconds> Step();
  ResealStatus GetStatus() const;

 private:
  void Begin(const std::string& newest);
  Result<std::chrono::seconds> Finish();

  const Keyring& keyring_;
  const std::string marker_;
  const std::vector<SealSource> sources_;
  const std::chrono::seconds settle_;
  const Clock& clock_;
  const Log log_;

  std::string newest_;          // the key of the present pass; empty: none has begun
  MonotonicTime seen_first_{};  // the newest key, by this process
  MonotonicTime begun_{};
  std::size_t source_ = 0;
  std::string from_;

  mutable std::mutex mutex_;
  ResealStatus status_;
};

}  // namespace aloft::keys
