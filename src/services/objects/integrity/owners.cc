#include "services/objects/integrity/owners.h"

#include <algorithm>

#include "services/objects/integrity/check_record.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kMany = 16;
constexpr std::size_t kMostRemembered = 1'000'000;  // tags, some 50 MB

// Every record whose key begins with `prefix`.
template <class Visit>
Status ForEach(Core& core, const char* space, const std::string& prefix, Visit visit) {
  kv::ScanRange range{.from = prefix, .to = After(prefix)};
  while (true) {
    ALOFT_ASSIGN(auto page, core.store.Scan(space, range));
    for (const auto& entry : page.entries) ALOFT_TRY(visit(entry));
    if (!page.more) return {};
    range.from = page.entries.back().key + '\0';
  }
}

}  // namespace

bool Owners::Tags::Has(std::string_view tag) const {
  return !understood || std::binary_search(all.begin(), all.end(), tag, std::less<>());
}

void Owners::Tags::Add(const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) all.push_back(segment.tag);
}

Result<Owners::Tags> Owners::Read(std::string_view name) {
  Tags tags;
  auto place = PlaceOf(name, 4);
  if (!place.ok()) return Tags{{}, false};
  auto add = [&](std::string_view stored) {
    auto entry = DecodeEntry(stored);
    if (!entry.ok()) return static_cast<void>(tags.understood = false);
    tags.Add(entry->segments);
    tags.Add(entry->restored);
  };
  std::string_view key = name.substr(IndexPrefix(*place).size());
  ALOFT_ASSIGN(auto latest, core_.store.Get(kIndexSpace, name));
  if (latest) add(latest->value);
  ALOFT_TRY(ForEach(core_, kVersionSpace, VersionPrefix(*place, key), [&](const kv::Entry& version) -> Status {
    add(version.value);
    return {};
  }));
  ALOFT_TRY(ReadUploads(*place, key, tags));
  std::sort(tags.all.begin(), tags.all.end());
  return tags;
}

Status Owners::ReadUploads(const Bucket& place, std::string_view key, Tags& tags) {
  const std::string uploads = UploadKey(place, key, UploadId());
  return ForEach(core_, kUploadSpace, uploads, [&](const kv::Entry& upload) -> Status {
    auto parts = core_.FindParts(place, UploadId(std::string_view(upload.key).substr(uploads.size())));
    if (!parts.ok() && !(parts.error().reason == kCorrupt)) return std::move(parts).error();
    if (!parts.ok()) tags.understood = false;
    if (parts.ok())
      for (const auto& part : *parts) tags.Add(part.record.segments);
    return {};
  });
}

Result<bool> Owners::Has(std::string_view holder_key, const std::string& holder_value) {
  if (holder_key.size() < kTagBytes) return true;
  std::string_view tag = holder_key.substr(holder_key.size() - kTagBytes);
  if (auto known = remembered_.find(holder_value); known != remembered_.end() && known->second.Has(tag)) return true;
  ALOFT_ASSIGN(Tags tags, Read(holder_value));
  const bool has = tags.Has(tag);
  if (tags.all.size() < kMany) return has;
  if (remembered_tags_ + tags.all.size() > kMostRemembered) {
    remembered_.clear();
    remembered_tags_ = 0;
  }
  Tags& kept = remembered_[holder_value];
  remembered_tags_ += tags.all.size() - kept.all.size();
  kept = std::move(tags);
  return has;
}

}  // namespace aloft::objects
