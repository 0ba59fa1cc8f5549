// ListVersions: the latest versions and the older ones lie in two spaces, both in the order of keys; this walks them
// side by side.
#include <algorithm>

#include "services/objects/engine/versions.h"
#include "services/objects/listings/listings.h"
#include "services/objects/listings/walk.h"
#include "services/objects/records/keys.h"
#include "services/objects/records/position.h"

namespace aloft::objects {
namespace {

// One of the two spaces, read a page at a time.
class Cursor {
 public:
  Cursor(kv::Store& store, const char* space, std::string from, std::string to)
      : store_(store), space_(space), range_{.from = std::move(from), .to = std::move(to), .limit = kFirstPage} {}

  // The entry at the cursor; null at the end.
  Result<const kv::Entry*> Peek() {
    while (at_ == page_.entries.size()) {
      if (done_ || range_.from >= range_.to) return nullptr;
      ALOFT_ASSIGN(page_, store_.Scan(space_, range_));
      at_ = 0;
      done_ = !page_.more;
      if (!page_.entries.empty()) range_.from = page_.entries.back().key + '\0';
      range_.limit = kNextPages;
    }
    return &page_.entries[at_];
  }
  void Next() { ++at_; }
  // Forward to the first key that is not below `key`.
  void Seek(const std::string& key) {
    while (at_ < page_.entries.size() && page_.entries[at_].key < key) ++at_;
    if (at_ < page_.entries.size() || key <= range_.from) return;
    range_.from = key;
    range_.limit = kFirstPage;
  }

 private:
  static constexpr std::size_t kFirstPage = 64;
  static constexpr std::size_t kNextPages = 1001;
  kv::Store& store_;
  const char* space_;
  kv::ScanRange range_;
  kv::ScanPage page_;
  std::size_t at_ = 0;
  bool done_ = false;
};

class VersionWalk {
 public:
  VersionWalk(Core& core, const Bucket& bucket, const ListVersionsRequest& request)
      : bucket_(bucket),
        request_(request),
        base_(IndexPrefix(bucket)),
        latest_(core.store, kIndexSpace, base_ + request.prefix, After(base_ + request.prefix)),
        older_(core.store, kVersionSpace, base_ + EscapeName(request.prefix),
               After(base_ + EscapeName(request.prefix))) {}

  Status Begin(Core& core) {
    const std::string& key = request_.key_marker;
    if (key.empty()) return {};
    if (request_.version_id_marker.empty()) {
      Pass(key, IsCommonPrefix(key, request_.prefix, request_.delimiter));
      return {};
    }
    std::string position;
    if (request_.version_id_marker == kNullVersion) {
      ALOFT_ASSIGN(auto found, FindVersion(core, bucket_, key, kNullVersion));
      position = found ? PositionOf(found->entry) : std::string(kPositionBytes, '\xff');
    } else {
      auto parsed = ParseVersionId(request_.version_id_marker);
      if (!parsed) return Fail(kInvalidVersion, "Invalid version id specified");
      position = std::move(*parsed);
    }
    latest_.Seek(base_ + key);
    after_key_ = key;
    after_position_ = position;
    older_.Seek(VersionKey(bucket_, key, position) + '\0');
    return {};
  }

  Result<ListVersionsPage> Run() {
    ListVersionsPage page;
    std::size_t count = 0;
    while (true) {
      ALOFT_ASSIGN(const kv::Entry* latest, latest_.Peek());
      ALOFT_ASSIGN(const kv::Entry* older, older_.Peek());
      if (latest == nullptr && older == nullptr) break;
      std::string_view name;
      VersionName split;
      if (older != nullptr) {
        ALOFT_ASSIGN(split, SplitVersionKey(std::string_view(older->key).substr(base_.size())));
        name = split.name;
      }
      std::string_view latest_name = latest == nullptr ? "" : std::string_view(latest->key).substr(base_.size());
      bool take_latest = older == nullptr || (latest != nullptr && latest_name <= name);
      if (take_latest) name = latest_name;
      const kv::Entry& entry = take_latest ? *latest : *older;
      ALOFT_ASSIGN(Entry version, request_.whole ? DecodeEntry(entry.value) : DecodeSummary(entry.value));
      if (take_latest && name == after_key_ && PositionOf(version) <= after_position_) {
        latest_.Next();
        continue;
      }
      if (count++ == request_.max_keys) {
        page.truncated = true;
        return page;
      }
      auto at =
          request_.delimiter.empty() ? std::string_view::npos : name.find(request_.delimiter, request_.prefix.size());
      if (at != std::string_view::npos) {
        std::string common(name.substr(0, at + request_.delimiter.size()));
        Pass(common, true);
        page.next_key_marker = common;
        page.next_version_id_marker.clear();
        page.common_prefixes.push_back(std::move(common));
        continue;
      }
      Present(version, bucket_, name, take_latest);
      if (version.info.version_id.empty()) version.info.version_id = kNullVersion;
      page.next_key_marker = version.info.key;
      page.next_version_id_marker = version.info.version_id;
      page.versions.push_back(std::move(version.info));
      (take_latest ? latest_ : older_).Next();
    }
    page.next_key_marker.clear();
    page.next_version_id_marker.clear();
    return page;
  }

 private:
  // Moves both cursors behind all versions of a key, or behind all keys with a prefix.
  void Pass(const std::string& name, bool whole_prefix) {
    latest_.Seek(whole_prefix ? After(base_ + name) : base_ + name + '\0');
    older_.Seek(After(whole_prefix ? base_ + EscapeName(name) : VersionPrefix(bucket_, name)));
  }

  const Bucket& bucket_;
  const ListVersionsRequest& request_;
  const std::string base_;
  Cursor latest_;
  Cursor older_;
  std::string after_key_;
  std::string after_position_;
};

}  // namespace

Result<ListVersionsPage> ListVersions(Core& core, const AccountId& account, const ListVersionsRequest& request) {
  if (request.key_marker.empty() && !request.version_id_marker.empty())
    return Fail(kInvalidArgument, "A version-id marker cannot be specified without a key marker.");
  ALOFT_ASSIGN(auto found, core.FindBucket(account, request.bucket));
  if (request.max_keys == 0) return ListVersionsPage{};
  VersionWalk walk(core, found.record.bucket, request);
  ALOFT_TRY(walk.Begin(core));
  return walk.Run();
}

}  // namespace aloft::objects
