#include "platform/audit/commit_hook.h"

#include "foundation/kv/apply_soon.h"

namespace aloft::audit {
namespace {

thread_local Entry* t_entry = nullptr;

// The record that the next commit of this thread must take along.
Entry* Waiting() {
  Entry* entry = t_entry;
  return entry != nullptr && !entry->intent.empty() && entry->committed.load() == 0 ? entry : nullptr;
}

Status AddIntent(sql::Transaction& transaction, const Entry& entry) {
  // A call may write on two threads at once: the record is the same.
  ALOFT_TRY(transaction.Execute(
      "INSERT INTO audit_pending (name, chain, record, mark) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
      {sql::Bytes{entry.name().Encode()}, entry.chain, sql::Bytes{entry.intent}, sql::Bytes{entry.mark}}));
  return {};
}

class NotedDatabase final : public sql::Database {
 public:
  explicit NotedDatabase(std::unique_ptr<sql::Database> inner) : inner_(std::move(inner)) {}
  sql::Engine engine() const override { return inner_->engine(); }
  sql::Outbox& outbox() override { return inner_->outbox(); }

 protected:
  Status RunWrite(const std::function<Status(sql::Transaction&)>& closure) override {
    Entry* entry = Waiting();
    if (entry == nullptr) return inner_->Write(closure);
    entry->tried.fetch_or(Entry::kSql);
    // Another thread may run the closure, as the leader of a group: the entry is found here, on the caller's.
    Status committed = inner_->Write([&](sql::Transaction& transaction) -> Status {
      ALOFT_TRY(closure(transaction));
      return AddIntent(transaction, *entry);
    });
    if (committed.ok()) entry->committed.fetch_or(Entry::kSql);
    return committed;
  }
  Status RunRead(const std::function<Status(sql::Reader&)>& closure) override { return inner_->Read(closure); }

 private:
  std::unique_ptr<sql::Database> inner_;
};

class NotedStore final : public kv::Store, public kv::SoonApplier {
 public:
  explicit NotedStore(std::unique_ptr<kv::Store> inner) : inner_(std::move(inner)) {}

  Result<std::optional<kv::Entry>> Get(std::string_view space, std::string_view key) override {
    return inner_->Get(space, key);
  }
  Result<kv::ScanPage> Scan(std::string_view space, const kv::ScanRange& range) override {
    return inner_->Scan(space, range);
  }
  Result<kv::Version> Apply(kv::Batch batch) override {
    Entry* entry = Waiting();
    if (entry == nullptr || (batch.writes.empty() && batch.announcements.empty()))
      return inner_->Apply(std::move(batch));
    entry->tried.fetch_or(Entry::kKv);
    AddIntent(batch, *entry);
    auto applied = inner_->Apply(std::move(batch));
    if (applied.ok()) entry->committed.fetch_or(Entry::kKv);
    return applied;
  }
  // Whoever opened the scope keeps the entry until it is told.
  void ApplySoon(kv::Batch batch, std::function<void(Result<kv::Version>)> done) override {
    Entry* entry = Waiting();
    if (entry == nullptr || (batch.writes.empty() && batch.announcements.empty()))
      return kv::ApplySoon(*inner_, std::move(batch), std::move(done));
    entry->tried.fetch_or(Entry::kKv);
    AddIntent(batch, *entry);
    kv::ApplySoon(*inner_, std::move(batch), [entry, done = std::move(done)](Result<kv::Version> applied) {
      if (applied.ok()) entry->committed.fetch_or(Entry::kKv);
      done(std::move(applied));
    });
  }
  sql::Outbox& outbox() override { return inner_->outbox(); }

 private:
  std::unique_ptr<kv::Store> inner_;
};

}  // namespace

Scope::Scope(const std::shared_ptr<Entry>& entry) : outer_(t_entry), entry_(entry) {
  t_entry = entry_.get();
}

Scope::~Scope() {
  t_entry = outer_;
}

std::unique_ptr<sql::Database> NoteWrites(std::unique_ptr<sql::Database> database) {
  return std::make_unique<NotedDatabase>(std::move(database));
}

std::unique_ptr<kv::Store> NoteWrites(std::unique_ptr<kv::Store> store) {
  return std::make_unique<NotedStore>(std::move(store));
}

void AddIntent(kv::Batch& batch, const Entry& entry) {
  batch.Put(std::string(entry.name().space()), entry.name().Key(), entry.intent);
  std::string pending;
  pending.reserve(entry.chain.size() + 64);
  pending.append(entry.chain).append("/").append(entry.name().Encode());
  batch.Put(std::string(kPending), std::move(pending), entry.mark);
}

}  // namespace aloft::audit
