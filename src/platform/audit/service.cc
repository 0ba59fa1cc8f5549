#include "platform/audit/service.h"

#include "foundation/codec/json.h"
#include "foundation/crypto/hash.h"
#include "platform/audit/packed_record.h"
#include "platform/audit/sealer.h"

namespace aloft::audit {

Service::Service(Options options, sql::Database& database, kv::Store& store, const Clock& clock, Random& random,
                 Log log, Metrics& metrics)
    : options_(std::move(options)),
      database_(database),
      store_(store),
      clock_(clock),
      random_(random),
      log_(std::move(log)),
      recorded_(metrics.AddCounter("aloft_audit_records_total", "Calls that were recorded")),
      suppressed_(metrics.AddCounter("aloft_audit_nameless_total",
                                     "Refused calls of nobody that were counted and not recorded one by one")) {}

Service::~Service() {
  Stop();
}

Result<std::unique_ptr<Service>> Service::Open(Options options, sql::Database& database, kv::Store& store,
                                               const keys::Keyring& keyring, const Clock& clock, Random& random,
                                               Log log, Metrics& metrics) {
  ALOFT_ASSIGN(std::unique_ptr<Signer> signer, Signer::Open(store, keyring, random));
  std::unique_ptr<Service> service(
      new Service(std::move(options), database, store, clock, random, std::move(log), metrics));
  service->sealer_ =
      std::make_unique<Sealer>(service->options_, database, store, std::move(signer), clock, service->log_, metrics);
  service->sealer_->SetBeforeSeal([self = service.get()] { self->RecordSuppressed(); });
  ALOFT_TRY(service->sealer_->Recover());
  return service;
}

void Service::Start() {
  sealer_->Start();
}

void Service::Stop() {
  if (sealer_) sealer_->Stop();
}

Status Service::Admit() const {
  if (sealer_->HasRoom()) return {};
  return Fail(kAuditFull, "The audit log does not take records now. Please try again.");
}

bool Service::Wants(const AccountId& account, const Class& kind, std::string_view arn) const {
  if (!any_selectors_.load(std::memory_order_acquire)) return false;
  std::shared_ptr<const Selectors> selectors;
  {
    std::lock_guard lock(selectors_mutex_);
    selectors = selectors_;
  }
  auto found = selectors->find(account);
  return found != selectors->end() && audit::Wants(found->second, kind, arn);
}

void Service::SetSelectors(std::shared_ptr<const Selectors> selectors) {
  std::lock_guard lock(selectors_mutex_);
  any_selectors_.store(selectors != nullptr && !selectors->empty(), std::memory_order_release);
  selectors_ = std::move(selectors);
}

std::shared_ptr<Entry> Service::Begin(Facts facts) {
  std::string id = random_.Uuid();
  RecordName name{facts.kind.category == Category::kData, facts.account.value(), facts.at, *IdBytes(id)};
  name.account.resize(kAccountBytes, '0');
  std::string text = Opening(facts, id);
  if (facts.kind.read_only) {
    auto entry = std::make_shared<Entry>(std::move(facts), std::move(name), std::move(text));
    entry->chain = options_.chain;
    return entry;
  }
  // A change's record is made once, and waits packed: hundreds of changes may be on their way.
  const std::string plain = EncodeRecord(text.append(Ending(facts, {})));
  auto entry = std::make_shared<Entry>(std::move(facts), std::move(name), std::string());
  entry->chain = options_.chain;
  entry->intent = PackRecord(plain);
  entry->digest = crypto::Sha256(plain);
  entry->mark = sealer_->signer().Mark(entry->chain, entry->name(), plain);
  return entry;
}

// The plain record of a call with this outcome.
std::string FinalRecord(const Entry& entry, const Outcome& outcome) {
  if (entry.intent.empty()) return entry.RecordOf(outcome);
  std::string plain = UnpackRecord(entry.intent).value();
  plain.resize(plain.size() - Ending(entry.facts(), {}).size());
  return plain.append(Ending(entry.facts(), outcome));
}

void Service::Finish(const std::shared_ptr<Entry>& entry, const Outcome& outcome, std::function<void(Status)> durable) {
  recorded_.Increment();
  const unsigned committed = entry->committed.load();
  // Most changes end as they were meant to: then the record is what the change took along, and is not made again.
  const bool as_meant =
      !entry->intent.empty() && outcome.error_code.empty() && outcome.response.empty() && outcome.refused_by.empty();
  Finished finished{.name = entry->name(),
                    .record = as_meant ? std::string() : FinalRecord(*entry, outcome),
                    .places = entry->tried.load()};
  finished.mark_chain = entry->chain;
  finished.in_store = as_meant && (committed & Entry::kKv) != 0;
  if (as_meant) {
    finished.record = entry->intent;
    finished.digest = entry->digest;
  }
  // A change that no commit of this thread carried: its caller waits until the record is on the disk.
  const bool waits = !entry->facts().kind.read_only && outcome.error_code.empty() && committed == 0;
  if (waits) {
    finished.when_durable = std::move(durable);
    sealer_->Add(std::move(finished));
    return;
  }
  sealer_->Add(std::move(finished));
  durable({});
}

bool Service::AdmitNameless() {
  std::int64_t second = ToMicros(clock_.Now()) / 1'000'000;
  std::lock_guard lock(nameless_mutex_);
  if (second != nameless_second_) {
    nameless_second_ = second;
    nameless_count_ = 0;
  }
  if (++nameless_count_ <= options_.max_nameless_per_second) return true;
  ++nameless_left_out_;
  suppressed_.Increment();
  return false;
}

void Service::RecordSuppressed() {
  std::uint64_t count = 0;
  {
    std::lock_guard lock(nameless_mutex_);
    count = std::exchange(nameless_left_out_, 0);
  }
  if (count == 0) return;
  Facts facts;
  facts.at = clock_.Now();
  facts.service = "aloft";
  facts.operation = "RefusedCallsOfNobody";
  facts.kind = {Category::kManagement, true, {}};
  codec::JsonWriter(facts.parameters).BeginObject().Key("count").Unsigned(count).EndObject();
  Outcome outcome;
  outcome.error_code = "AccessDenied";
  outcome.error_message = "Calls that nobody vouched for, more than are recorded one by one";
  outcome.refused_by = "authentication";
  Finish(Begin(std::move(facts)), outcome, [](Status) {});
}

Result<std::vector<ChainState>> Service::Chains() const {
  ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kHeads, {}));
  std::vector<ChainState> out;
  for (const kv::Entry& entry : page.entries) {
    auto head = Position::Decode(entry.value);
    if (!head) return Fail(kCorrupt, "The head of a chain of the audit log cannot be read.");
    out.push_back({entry.key, head->sequence, head->at});
  }
  return out;
}

Status Service::SealNow() {
  return sealer_->Seal();
}
Status Service::CheckpointNow() {
  return sealer_->Checkpoint();
}
Result<std::size_t> Service::Prune() {
  return sealer_->Prune();
}

}  // namespace aloft::audit
