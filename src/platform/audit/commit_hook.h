// How a change and its record commit together: the record travels with the thread that makes the change, and the stores
// take it along with the first commit.
//
//   database = NoteWrites(std::move(database));            // once, at the start; so every room writes through it
//   { Scope scope(entry); handler(); }                     // on whatever thread works for the call
//
// A commit that fails takes the record back with the change, and the next commit takes it along instead.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "foundation/kv/store.h"
#include "foundation/sql/database.h"
#include "platform/audit/event.h"
#include "platform/audit/records.h"

namespace aloft::audit {

// One call on its way. Made by Service::Begin, ended by Service::Finish.
class Entry {
 public:
  Entry(Facts facts, RecordName name, std::string opening)
      : facts_(std::move(facts)), name_(std::move(name)), opening_(std::move(opening)) {}

  const Facts& facts() const { return facts_; }
  const RecordName& name() const { return name_; }
  // The whole plain record with this outcome.
  std::string RecordOf(const Outcome& outcome) const { return EncodeRecord(opening_ + Ending(facts_, outcome)); }

  // A change's record as it will be if it succeeds, and the proof that this server wrote it. Empty: reads do not
  // travel.
  std::string intent{};
  std::string mark{};
  std::string chain{};
  std::string digest{};  // of the plain record behind `intent`

  // Which stores may hold the intent, and which hold it for certain.
  enum Place : unsigned { kKv = 1, kSql = 2 };
  std::atomic<unsigned> tried{0};
  std::atomic<unsigned> committed{0};

 private:
  const Facts facts_;
  const RecordName name_;
  const std::string opening_;
};

// Makes `entry` the one that commits of this thread take along; null: none. Nests.
class Scope {
 public:
  explicit Scope(const std::shared_ptr<Entry>& entry);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Entry* outer_;
  std::shared_ptr<Entry> entry_;
};

// The store as before, whose commits take the thread's record along.
std::unique_ptr<sql::Database> NoteWrites(std::unique_ptr<sql::Database> database);
std::unique_ptr<kv::Store> NoteWrites(std::unique_ptr<kv::Store> store);

// What the batch must hold so that the record is durable and known to be pending.
void AddIntent(kv::Batch& batch, const Entry& entry);

}  // namespace aloft::audit
