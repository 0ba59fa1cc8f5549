#include "services/objects/integrity/check_record.h"

#include <algorithm>

#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

Result<Bucket> PlaceOf(std::string_view names, std::size_t least) {
  auto parts = Split(names, '\0');
  if (parts.size() < least) return Fail(kCorrupt, "A stored record cannot be read", "its key");
  return Bucket{.name = std::string(parts[2]), .account = AccountId(parts[0]), .region = Region(parts[1])};
}

bool HasTag(const std::vector<Segment>& segments, std::string_view tag) {
  return std::any_of(segments.begin(), segments.end(), [&](const Segment& segment) { return segment.tag == tag; });
}

bool HasTag(const Entry& entry, std::string_view tag) {
  return HasTag(entry.segments, tag) || HasTag(entry.restored, tag);
}

// Every record whose key begins with `prefix`, until one satisfies `is_it`.
template <class Test>
Result<bool> AnyOf(Core& core, const char* space, const std::string& prefix, Test is_it) {
  kv::ScanRange range{.from = prefix, .to = After(prefix)};
  while (true) {
    ALOFT_ASSIGN(auto page, core.store.Scan(space, range));
    for (const auto& entry : page.entries) {
      ALOFT_ASSIGN(bool found, is_it(entry));
      if (found) return true;
    }
    if (!page.more) return false;
    range.from = page.entries.back().key + '\0';
  }
}

}  // namespace

Result<CheckedRecord> DecodeChecked(std::string_view space, const kv::Entry& entry) {
  CheckedRecord record;
  if (space == kPartSpace) {
    ALOFT_ASSIGN(PartRecord part, DecodePart(entry.value));
    record.segments = std::move(part.segments);
    // An upload's key is its object's, and its id.
    if (part.upload_key.size() <= kUploadIdChars) return Fail(kCorrupt, "A stored record cannot be read", "its key");
    record.holder_value = part.upload_key.substr(0, part.upload_key.size() - kUploadIdChars - 1);
    ALOFT_ASSIGN(record.place, PlaceOf(part.upload_key, 4));
    return record;
  }
  ALOFT_ASSIGN(Entry object, DecodeEntry(entry.value));
  record.segments = std::move(object.segments);
  record.segments.insert(record.segments.end(), object.restored.begin(), object.restored.end());
  ALOFT_ASSIGN(record.place, PlaceOf(entry.key, 4));
  record.holder_value = entry.key;
  if (space == kVersionSpace) {
    ALOFT_ASSIGN(auto name, SplitVersionKey(std::string_view(entry.key).substr(IndexPrefix(record.place).size())));
    record.holder_value = IndexKey(record.place, name.name);
  }
  return record;
}

Result<std::optional<ProblemKind>> JudgeSegment(Core& core, const CheckedRecord& record, const Segment& segment,
                                                bool verify) {
  std::optional<ProblemKind> problem;
  if (segment.is_inline()) {
    ALOFT_ASSIGN(auto body, core.store.Get(kInlineSpace, InlineKey(record.place, segment.tag)));
    if (!body || body->value.size() < segment.length) problem = ProblemKind::kMissingBytes;
    return problem;
  }
  ALOFT_ASSIGN(auto holder, core.store.Get(kHolderSpace, HolderKey(segment.blob, segment.tag)));
  if (!holder) return std::optional(ProblemKind::kMissingHolder);
  blob::Store& store = core.StoreOf(segment);
  // A key is not needed to see that it is there, nor that its checksum holds.
  Status looked = verify ? store.Verify(segment.blob) : Status();
  if (!verify) {
    auto opened = store.Open(segment.blob);
    if (!opened.ok()) looked = std::move(opened).error();
  }
  if (looked.ok()) return problem;
  if (looked.error().reason == blob::kNoSuchBlob) return std::optional(ProblemKind::kMissingBytes);
  // A sector that cannot be read is as bad as one that reads wrong.
  if (looked.error().reason == kCorrupt || looked.error().reason == kIoError)
    return std::optional(ProblemKind::kDamagedBytes);
  if (looked.error().reason == blob::kFrameKeyMissing) return problem;
  return std::move(looked).error();  // the disk or the endpoint is away: that says nothing of the bytes
}

Result<bool> HasOwner(Core& core, std::string_view holder_key, std::string_view holder_value) {
  if (holder_key.size() < kTagBytes) return true;
  std::string_view tag = holder_key.substr(holder_key.size() - kTagBytes);
  auto place = PlaceOf(holder_value, 4);
  if (!place.ok()) return true;  // nothing is thrown away for a record that is not understood
  std::string_view name = holder_value.substr(IndexPrefix(*place).size());
  ALOFT_ASSIGN(auto latest, core.store.Get(kIndexSpace, holder_value));
  if (latest) {
    ALOFT_ASSIGN(Entry entry, DecodeEntry(latest->value));
    if (HasTag(entry, tag)) return true;
  }
  ALOFT_ASSIGN(bool older,
               AnyOf(core, kVersionSpace, VersionPrefix(*place, name), [&](const kv::Entry& version) -> Result<bool> {
                 ALOFT_ASSIGN(Entry entry, DecodeEntry(version.value));
                 return HasTag(entry, tag);
               }));
  if (older) return true;
  std::string uploads = UploadKey(*place, name, UploadId());
  return AnyOf(core, kUploadSpace, uploads, [&](const kv::Entry& upload) -> Result<bool> {
    ALOFT_ASSIGN(auto parts, core.FindParts(*place, UploadId(std::string_view(upload.key).substr(uploads.size()))));
    return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return HasTag(part.record.segments, tag); });
  });
}

}  // namespace aloft::objects
