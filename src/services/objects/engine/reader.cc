// Reading an object: segments side by side, each inline or a range of a blob.
#include <algorithm>
#include <cstring>

#include "services/objects/engine/compressed_blob.h"
#include "services/objects/engine/core.h"
#include "services/objects/engine/encryption.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

class SegmentReader final : public ObjectReader {
 public:
  SegmentReader(Core& core, Entry entry, const std::optional<blob::FrameKey>& key)
      : core_(core), entry_(std::move(entry)), key_(key) {
    core_.pins.Add(entry_.segments);
    std::uint64_t at = 0;
    for (const auto& segment : entry_.segments) {
      starts_.push_back(at);
      at += segment.length;
    }
  }
  ~SegmentReader() override { core_.pins.Remove(entry_.segments); }

  // Small bodies go with their entry, so they are read at once; of the blobs the first is opened, to see that it is
  // there.
  Status Open(const Bucket& bucket) {
    for (std::size_t i = 0; i < entry_.segments.size(); ++i) {
      const auto& segment = entry_.segments[i];
      if (!segment.is_inline()) continue;
      ALOFT_ASSIGN(auto found, core_.store.Get(kInlineSpace, InlineKey(bucket, segment.tag)));
      if (!found) return Fail(blob::kNoSuchBlob, "The object's bytes are missing");
      ALOFT_ASSIGN(std::string body, OpenBody(segment, key_, std::move(found->value)));
      if (body.size() != segment.length) return Fail(blob::kNoSuchBlob, "The object's bytes are missing");
      inline_.emplace(i, std::move(body));
    }
    if (!entry_.segments.empty() && !entry_.segments.front().is_inline()) return OpenBlob(0);
    return {};
  }

  const ObjectInfo& info() const override { return entry_.info; }

  Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    std::size_t done = 0;
    while (done < out.size() && offset + done < entry_.info.size) {
      ALOFT_ASSIGN(std::size_t count, ReadSome(offset + done, out.subspan(done)));
      if (count == 0) return Fail(kCorrupt, "The object's bytes end early");
      done += count;
    }
    return done;
  }

  Result<std::optional<blob::FileExtent>> Extent(std::uint64_t offset, std::uint64_t length) override {
    std::optional<blob::FileExtent> none;
    if (length == 0 || offset >= entry_.info.size) return none;
    std::size_t index = IndexOf(offset);
    const auto& segment = entry_.segments[index];
    std::uint64_t inside = offset - starts_[index];
    if (segment.is_inline()) return none;
    ALOFT_TRY(OpenBlob(index));
    auto extent = blob_->extent();
    if (!extent) return none;
    extent->offset += segment.offset + inside;
    extent->length = std::min(length, segment.length - inside);
    return extent;
  }

 private:
  std::size_t IndexOf(std::uint64_t offset) const {
    auto above = std::upper_bound(starts_.begin(), starts_.end(), offset);
    return static_cast<std::size_t>(above - starts_.begin()) - 1;
  }

  Status OpenBlob(std::size_t index) {
    const auto& segment = entry_.segments[index];
    if (blob_ && open_ == segment.blob) return {};
    ALOFT_ASSIGN(auto key, SegmentKey(segment, key_));
    ALOFT_ASSIGN(blob_, core_.StoreOf(segment).Open(segment.blob, key));
    open_ = segment.blob;
    if (segment.compressed) {
      ALOFT_ASSIGN(blob_, OpenCompressed(std::move(blob_)));
    }
    return {};
  }

  Result<std::size_t> ReadSome(std::uint64_t offset, std::span<std::uint8_t> out) {
    std::size_t index = IndexOf(offset);
    const auto& segment = entry_.segments[index];
    std::uint64_t inside = offset - starts_[index];
    std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), segment.length - inside));
    if (segment.is_inline()) {
      std::memcpy(out.data(), inline_.at(index).data() + inside, count);
      return count;
    }
    ALOFT_TRY(OpenBlob(index));
    return blob_->Read(segment.offset + inside, out.first(count));
  }

  Core& core_;
  Entry entry_;
  const std::optional<blob::FrameKey> key_;
  std::vector<std::uint64_t> starts_;
  std::map<std::size_t, std::string> inline_;
  std::unique_ptr<blob::Reader> blob_;
  blob::BlobId open_;
};

}  // namespace

Result<std::unique_ptr<ObjectReader>> Core::OpenReader(const Bucket& bucket, Entry entry,
                                                       const std::optional<blob::FrameKey>& key) {
  ALOFT_ASSIGN(auto readable, entry.Readable(clock.Now()));
  if (readable != &entry.segments) entry.segments = *readable;
  return OpenSegments(bucket, std::move(entry), key);
}

Result<std::unique_ptr<ObjectReader>> Core::OpenSegments(const Bucket& bucket, Entry entry,
                                                         const std::optional<blob::FrameKey>& key) {
  auto reader = std::make_unique<SegmentReader>(*this, std::move(entry), key);
  ALOFT_TRY(reader->Open(bucket));
  return std::unique_ptr<ObjectReader>(std::move(reader));
}

}  // namespace aloft::objects
