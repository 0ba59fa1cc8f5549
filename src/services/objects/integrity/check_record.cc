#include "services/objects/integrity/check_record.h"

#include "services/objects/records/keys.h"

namespace aloft::objects {

Result<Bucket> PlaceOf(std::string_view names, std::size_t least) {
  auto parts = Split(names, '\0');
  if (parts.size() < least) return Fail(kCorrupt, "A stored record cannot be read", "its key");
  return Bucket{.name = std::string(parts[2]), .account = AccountId(parts[0]), .region = Region(parts[1])};
}

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

}  // namespace aloft::objects
