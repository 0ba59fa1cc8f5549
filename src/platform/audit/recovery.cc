// What the sealer finds at a start: records of changes that committed and were in no block yet when the last run ended.
#include <algorithm>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "platform/audit/packed_record.h"
#include "platform/audit/sealer.h"

namespace aloft::audit {

Status Sealer::Recover() {
  ALOFT_TRY(LoadHead());
  ALOFT_TRY(RecoverKv());
  ALOFT_TRY(RecoverSql());
  if (!unsealed_.empty())
    log_.Info("audit: records that the last run had not sealed", {{"count", std::to_string(unsealed_.size())}});
  kv::ScanRange newest{.limit = 1000, .reverse = true};
  ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kCheckpoints, newest));
  for (const kv::Entry& entry : page.entries) {
    if (!std::string_view(entry.key).ends_with("/" + options_.chain)) continue;
    last_checkpoint_ = crypto::Sha256(entry.value);
    break;
  }
  return {};
}

Status Sealer::RecoverKv() {
  const std::string prefix = options_.chain + "/";
  kv::ScanRange range{.from = prefix, .to = options_.chain + "0"};  // '0' follows '/'
  for (bool more = true; more;) {
    ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kPending, range));
    more = page.more;
    for (const kv::Entry& mark : page.entries) {
      range.from = mark.key + std::string(1, '\0');
      auto name = RecordName::Decode(std::string_view(mark.key).substr(prefix.size()));
      std::optional<std::string> record;
      if (name) {
        ALOFT_ASSIGN(std::optional<kv::Entry> stored, store_.Get(name->space(), name->Key()));
        if (stored) record = UnpackRecord(stored->value);
      }
      if (!record || !ConstantTimeEqual(signer_->Mark(options_.chain, *name, *record), mark.value)) {
        // Whoever left it was not this server: the record stays outside of every chain, where a verification finds it.
        log_.Error("audit: a record that this server did not write asks to be sealed");
        kv::Batch refuse;
        refuse.Delete(std::string(kPending), mark.key);
        ALOFT_TRY(store_.Apply(std::move(refuse)));
        continue;
      }
      Finished finished{.name = *name, .record = Unanswered(std::move(*record)), .places = Entry::kKv};
      finished.mark_chain = options_.chain;
      waiting_bytes_.fetch_add(finished.bytes());
      unsealed_.push_back(std::move(finished));
    }
  }
  return {};
}

Status Sealer::RecoverSql() {
  ALOFT_ASSIGN(sql::Rows rows, database_.Read([&](sql::Reader& reader) {
    return reader.Query("SELECT name, record, mark FROM audit_pending WHERE chain = $1 ORDER BY name",
                        {options_.chain});
  }));
  std::vector<std::string> sealed;
  for (const sql::Row& row : rows) {
    auto name = RecordName::Decode(row.Blob(0));
    auto plain = UnpackRecord(row.Blob(1));
    if (!name || !plain || !ConstantTimeEqual(signer_->Mark(options_.chain, *name, *plain), row.Blob(2))) {
      log_.Error("audit: a record that this server did not write asks to be sealed");
      sealed.push_back(row.Blob(0));
      continue;
    }
    auto known = std::ranges::find(unsealed_, *name, &Finished::name);
    if (known != unsealed_.end()) {
      known->places |= Entry::kSql;
      continue;
    }
    ALOFT_ASSIGN(std::optional<kv::Entry> record, store_.Get(name->space(), name->Key()));
    if (record) {
      sealed.push_back(row.Blob(0));
      continue;
    }
    Finished finished{.name = *name, .record = Unanswered(std::move(*plain)), .places = Entry::kSql};
    waiting_bytes_.fetch_add(finished.bytes());
    unsealed_.push_back(std::move(finished));
  }
  return ForgetRows(sealed);
}

}  // namespace aloft::audit
