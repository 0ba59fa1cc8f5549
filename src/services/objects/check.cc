// Checking what is stored against itself: each entry has its bytes, each blob an owner, each checksum holds.
#include <set>
#include <thread>

#include "services/objects/core.h"
#include "services/objects/keys.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kMostQueued = 1'000'000;

class Checker {
 public:
  Checker(Core& core, const Service::CheckOptions& options, const std::function<void(const Problem&)>& report)
      : core_(core), options_(options), tell_(report), started_(core.clock.Monotonic()) {}

  Result<CheckReport> Run() {
    ALOFT_TRY(Walk(kIndexSpace));
    ALOFT_TRY(Walk(kVersionSpace));
    ALOFT_TRY(Walk(kPartSpace));
    ALOFT_TRY(LoadQueued());
    ALOFT_TRY(Orphans(core_.blobs));
    if (core_.archive != nullptr) ALOFT_TRY(Orphans(*core_.archive));
    return report_;
  }

 private:
  struct Record {
    std::vector<Segment> segments{};
    Bucket place{};
    std::string holder_value{};
  };

  static std::string Readable(std::string_view key) {
    std::string text(key);
    for (char& c : text)
      if (c == '\0') c = '/';
    return text;
  }

  bool Stopped() {
    if (!options_.stop || !options_.stop()) return false;
    report_.complete = false;
    return true;
  }

  void Tell(ProblemKind kind, std::string what, bool repaired = false) {
    ++report_.problems;
    if (repaired) ++report_.repaired;
    tell_({kind, std::move(what), repaired});
  }

  // Account, region and bucket lead the keys of all spaces that are walked, or of what they point to.
  Result<Record> Decode(const char* space, const kv::Entry& entry) {
    Record record;
    std::string_view names = entry.key;
    PartRecord part;
    if (space == kPartSpace) {
      ALOFT_ASSIGN(part, DecodePart(entry.value));
      record.segments = std::move(part.segments);
      names = part.upload_key;
    } else {
      ALOFT_ASSIGN(Entry object, DecodeEntry(entry.value));
      record.segments = std::move(object.segments);
      record.segments.insert(record.segments.end(), object.restored.begin(), object.restored.end());
    }
    auto parts = Split(names, '\0');
    if (parts.size() < 4) return Fail(kCorrupt, "A stored record cannot be read", "its key");
    record.place = {.name = std::string(parts[2]), .account = AccountId(parts[0]), .region = Region(parts[1])};
    record.holder_value = std::string(names);
    return record;
  }

  Status Walk(const char* space) {
    kv::ScanRange range{.limit = kPage};
    while (true) {
      ALOFT_ASSIGN(auto page, core_.store.Scan(space, range));
      for (const auto& entry : page.entries) {
        if (Stopped()) return {};
        ++report_.entries;
        ALOFT_TRY(CheckRecord(space, entry));
      }
      if (!page.more) return {};
      range.from = page.entries.back().key + '\0';
    }
  }

  Status CheckRecord(const char* space, const kv::Entry& entry) {
    auto record = Decode(space, entry);
    if (!record.ok()) {
      Tell(ProblemKind::kUnreadableEntry, Readable(entry.key));
      return {};
    }
    for (const auto& segment : record->segments) {
      ALOFT_ASSIGN(auto problem, CheckSegment(*record, segment));
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
      Tell(*problem, Readable(entry.key), repaired);
    }
    return {};
  }

  Result<std::optional<ProblemKind>> CheckSegment(const Record& record, const Segment& segment) {
    std::optional<ProblemKind> problem;
    if (segment.is_inline()) {
      ALOFT_ASSIGN(auto body, core_.store.Get(kInlineSpace, InlineKey(record.place, segment.tag)));
      if (!body || body->value.size() < segment.length) problem = ProblemKind::kMissingBytes;
      return problem;
    }
    ALOFT_ASSIGN(auto holder, core_.store.Get(kHolderSpace, HolderKey(segment.blob, segment.tag)));
    if (!holder) return std::optional(ProblemKind::kMissingHolder);
    blob::Store& store = core_.StoreOf(segment);
    if (options_.verify) {
      auto verified = store.Verify(segment.blob);
      Pace(segment.length);
      if (verified.ok()) return problem;
      bool missing = verified.error().reason == blob::kNoSuchBlob;
      return std::optional(missing ? ProblemKind::kMissingBytes : ProblemKind::kDamagedBytes);
    }
    // A key is not needed to see that it is there.
    auto opened = store.Open(segment.blob);
    if (!opened.ok() && opened.error().reason == blob::kNoSuchBlob) return std::optional(ProblemKind::kMissingBytes);
    if (!opened.ok() && opened.error().reason == kCorrupt) return std::optional(ProblemKind::kDamagedBytes);
    return problem;
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
    Time before = core_.clock.Now() - options_.min_age;
    std::vector<blob::BlobId> orphans;
    Status failed;
    ALOFT_TRY(store.List([&](const blob::BlobId& blob, Time committed) {
      if (Stopped()) return false;
      ++report_.blobs;
      if (committed >= before || queued_.contains(blob) || core_.pins.Has(blob)) return true;
      std::string prefix = HolderPrefix(blob);
      auto page = core_.store.Scan(
          kHolderSpace, {.from = prefix, .to = After(prefix), .limit = 1, .reverse = false, .keys_only = true});
      if (!page.ok()) {
        failed = std::move(page).error();
        return false;
      }
      if (page->entries.empty()) orphans.push_back(blob);
      return true;
    }));
    ALOFT_TRY(std::move(failed));
    for (const auto& blob : orphans)
      Tell(ProblemKind::kOrphanBlob, blob.value(), options_.repair && store.Delete(blob).ok());
    return {};
  }

  // Sleeps as long as verifying is ahead of its rate.
  void Pace(std::uint64_t bytes) {
    verified_ += bytes;
    if (options_.bytes_per_second == 0) return;
    auto due = std::chrono::microseconds(verified_ * 1'000'000 / options_.bytes_per_second);
    auto spent = std::chrono::duration_cast<std::chrono::microseconds>(core_.clock.Monotonic() - started_);
    if (due > spent)
      std::this_thread::sleep_for(std::min<std::chrono::microseconds>(due - spent, std::chrono::seconds(1)));
  }

  Core& core_;
  const Service::CheckOptions& options_;
  const std::function<void(const Problem&)>& tell_;
  const MonotonicTime started_;
  std::uint64_t verified_ = 0;
  std::set<blob::BlobId> queued_;
  CheckReport report_;
};

}  // namespace

Result<CheckReport> Service::Check(const CheckOptions& options, const std::function<void(const Problem&)>& report) {
  return Checker(*core_, options, report).Run();
}

Result<Usage> Service::Count(const AccountId& account, std::string_view bucket, std::string_view prefix) {
  Usage usage;
  ListVersionsRequest request{.bucket = std::string(bucket), .prefix = std::string(prefix)};
  while (true) {
    ALOFT_ASSIGN(auto page, ListVersions(account, request));
    for (const auto& info : page.versions) {
      usage.delete_markers += info.is_delete_marker ? 1 : 0;
      if (info.is_delete_marker) continue;
      ++(info.is_latest ? usage.objects : usage.older_versions);
      (info.is_latest ? usage.bytes : usage.older_bytes) += info.size;
    }
    if (!page.truncated) break;
    request.key_marker = page.next_key_marker;
    request.version_id_marker = page.next_version_id_marker;
  }
  ListUploadsRequest uploads{.bucket = std::string(bucket), .prefix = std::string(prefix)};
  while (true) {
    ALOFT_ASSIGN(auto page, ListUploads(account, uploads));
    usage.uploads += page.uploads.size();
    if (!page.truncated) return usage;
    uploads.key_marker = page.next_key_marker;
    uploads.upload_id_marker = page.next_upload_id_marker;
  }
}

}  // namespace aloft::objects
