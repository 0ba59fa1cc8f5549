// Checking what is stored against itself: each entry has its bytes, each blob an owner, each checksum holds.
#include <set>
#include <thread>

#include "services/objects/integrity/check_record.h"
#include "services/objects/integrity/integrity.h"
#include "services/objects/integrity/owners.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kMostQueued = 1'000'000;
constexpr std::size_t kMostVerified = 100'000;

// The stores are walked one after the other; a report's `next` is "<which>:<the first key that was not looked at>".
enum class Phase { kIndex, kVersions, kParts, kHolders, kBlobs, kArchive, kEnd };

const char* SpaceOf(Phase phase) {
  switch (phase) {
    case Phase::kIndex: return kIndexSpace;
    case Phase::kVersions: return kVersionSpace;
    case Phase::kParts: return kPartSpace;
    case Phase::kHolders: return kHolderSpace;
    default: return nullptr;
  }
}

std::string Readable(std::string_view key) {
  std::string text(key);
  for (char& c : text)
    if (c == '\0') c = '/';
  return text;
}

class Checker {
 public:
  Checker(Core& core, const CheckOptions& options, const std::function<void(const Problem&)>& report)
      : core_(core), options_(options), tell_(report), started_(core.clock.Monotonic()) {}

  Result<CheckReport> Run() {
    int phase = 0;
    std::string from;
    if (!options_.from.empty()) {
      auto hex =
          options_.from.size() < 2 || options_.from[1] != ':' ? std::nullopt : HexDecode(options_.from.substr(2));
      phase = options_.from[0] - '0';
      if (!hex || phase < 0 || phase >= static_cast<int>(Phase::kEnd))
        return Fail(kInvalidToken, "A check cannot go on from there");
      from = std::move(*hex);
    }
    for (; phase < static_cast<int>(Phase::kEnd) && report_.next.empty(); ++phase, from.clear()) {
      phase_ = static_cast<Phase>(phase);
      if (Over(from)) break;
      if (SpaceOf(phase_) != nullptr) ALOFT_TRY(Walk(SpaceOf(phase_), from));
      if (phase_ == Phase::kBlobs) ALOFT_TRY(Orphans(core_.blobs));
      if (phase_ == Phase::kArchive && core_.archive != nullptr) ALOFT_TRY(Orphans(*core_.archive));
    }
    return report_;
  }

 private:
  // Whether to stop before `key`.
  bool Over(std::string_view key) {
    bool stop = options_.stop && options_.stop();
    bool spent = options_.budget.count() > 0 && core_.clock.Monotonic() - started_ >= options_.budget && did_something_;
    did_something_ = true;
    if (!stop && !spent) return false;
    report_.next = std::to_string(static_cast<int>(phase_)) + ":" + HexEncode(AsBytes(key));
    return true;
  }

  void Tell(ProblemKind kind, std::string what, bool repaired = false) {
    ++report_.problems;
    if (repaired) ++report_.repaired;
    tell_({kind, std::move(what), repaired});
  }

  Status Walk(const char* space, std::string from) {
    kv::ScanRange range{.from = std::move(from), .limit = kPage};
    while (true) {
      ALOFT_ASSIGN(auto page, core_.store.Scan(space, range));
      for (const auto& entry : page.entries) {
        if (Over(entry.key)) return {};
        if (phase_ == Phase::kHolders) {
          ALOFT_TRY(CheckHolder(entry));
          continue;
        }
        ++report_.entries;
        ALOFT_TRY(CheckRecord(space, entry));
      }
      if (!page.more) return {};
      range.from = page.entries.back().key + '\0';
    }
  }

  Status CheckRecord(const char* space, const kv::Entry& entry) {
    auto record = DecodeChecked(space, entry);
    if (!record.ok()) {
      Tell(ProblemKind::kUnreadableEntry, Readable(entry.key));
      return {};
    }
    for (const auto& segment : record->segments) {
      // Bytes that many segments share are read once.
      const bool verify = options_.verify && !verified_.contains(segment.blob);
      ALOFT_ASSIGN(auto problem, JudgeSegment(core_, *record, segment, verify));
      if (verify && !segment.is_inline()) Pace(segment.length);
      if (verify && !segment.is_inline() && !problem) Remember(segment.blob);
      if (!problem) continue;
      // It may have been changed since it was read: what is wrong with a record that is gone is not wrong.
      ALOFT_ASSIGN(auto again, core_.store.Get(space, entry.key));
      if (!again || again->version != entry.version) return {};
      bool repaired = false;
      if (*problem == ProblemKind::kMissingHolder && options_.repair) {
        kv::Batch batch;
        batch.Expect(space, entry.key, entry.version);
        batch.Put(kHolderSpace, HolderKey(segment.blob, segment.tag), record->holder_value);
        repaired = core_.store.Apply(std::move(batch)).ok();
      }
      Tell(*problem, Readable(record->holder_value), repaired);
    }
    return {};
  }

  Status CheckHolder(const kv::Entry& holder) {
    ALOFT_ASSIGN(bool owned, owners_.Has(holder.key, holder.value));
    if (owned) return {};
    // Completing moves a part into an entry between two looks.
    ALOFT_ASSIGN(owned, owners_.Has(holder.key, holder.value));
    ALOFT_ASSIGN(auto again, core_.store.Get(kHolderSpace, holder.key));
    if (owned || !again || again->version != holder.version) return {};
    bool repaired = false;
    if (options_.repair) {
      kv::Batch batch;
      batch.Expect(kHolderSpace, holder.key, holder.version);
      batch.Delete(kHolderSpace, holder.key);
      repaired = core_.store.Apply(std::move(batch)).ok();
    }
    Tell(ProblemKind::kStaleHolder, Readable(holder.value), repaired);
    return {};
  }

  // Released blobs wait in the queue for reclaim; they are nobody's, and nothing is wrong with that.
  Status LoadQueued() {
    kv::ScanRange range{.limit = kPage, .keys_only = true};
    while (queued_.size() < kMostQueued) {
      ALOFT_ASSIGN(auto page, core_.store.Scan(kGarbageSpace, range));
      for (const auto& entry : page.entries) queued_.insert(GarbageBlob(entry.key));
      if (!page.more) break;
      range.from = page.entries.back().key + '\0';
    }
    return {};
  }

  Status Orphans(blob::Store& store) {
    if (queued_.empty()) ALOFT_TRY(LoadQueued());
    Time before = core_.clock.Now() - options_.min_age;
    std::vector<blob::BlobId> orphans;
    Status failed;
    bool stopped = false;
    ALOFT_TRY(store.List([&](const blob::BlobId& blob, Time committed) {
      // A walk over files cannot go on in the middle: it is done as a whole or again.
      stopped = options_.stop && options_.stop();
      if (stopped) return false;
      ++report_.blobs;
      if (committed >= before || queued_.contains(blob) || core_.pins.Has(blob)) return true;
      auto held = IsHeld(blob);
      if (!held.ok()) failed = std::move(held).error();
      if (held.ok() && !*held) orphans.push_back(blob);
      return failed.ok();
    }));
    ALOFT_TRY(std::move(failed));
    if (stopped) report_.next = std::to_string(static_cast<int>(phase_)) + ":";
    for (const auto& blob : orphans)
      Tell(ProblemKind::kOrphanBlob, blob.value(), options_.repair && store.Delete(blob).ok());
    return {};
  }

  Result<bool> IsHeld(const blob::BlobId& blob) {
    std::string prefix = HolderPrefix(blob);
    ALOFT_ASSIGN(
        auto page,
        core_.store.Scan(kHolderSpace,
                         {.from = prefix, .to = After(prefix), .limit = 1, .reverse = false, .keys_only = true}));
    return !page.entries.empty();
  }

  void Remember(const blob::BlobId& verified) {
    if (verified_.size() >= kMostVerified) verified_.clear();
    verified_.insert(verified);
  }

  // Sleeps as long as verifying is ahead of its rate.
  void Pace(std::uint64_t bytes) {
    report_.verified_bytes += bytes;
    if (options_.bytes_per_second == 0) return;
    auto due = std::chrono::microseconds(report_.verified_bytes * 1'000'000 / options_.bytes_per_second);
    while (!(options_.stop && options_.stop())) {
      auto spent = std::chrono::duration_cast<std::chrono::microseconds>(core_.clock.Monotonic() - started_);
      if (due <= spent) return;
      std::this_thread::sleep_for(std::min<std::chrono::microseconds>(due - spent, std::chrono::milliseconds(500)));
    }
  }

  Core& core_;
  const CheckOptions& options_;
  const std::function<void(const Problem&)>& tell_;
  const MonotonicTime started_;
  Phase phase_ = Phase::kIndex;
  bool did_something_ = false;
  std::set<blob::BlobId> queued_;
  std::set<blob::BlobId> verified_;
  Owners owners_{core_};
  CheckReport report_;
};

}  // namespace

Result<CheckReport> Check(Core& core, const CheckOptions& options, const std::function<void(const Problem&)>& report) {
  return Checker(core, options, report).Run();
}

}  // namespace aloft::objects
