// What the object store announces on the key-value store's feed: every change of an object, in the batch that makes it,
// so at least once and in order for each key. Names are those of S3's notifications.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/result.h"

namespace aloft::objects {

inline constexpr char kObjectTopic[] = "objects.object";

inline constexpr std::string_view kCreatedPut = "ObjectCreated:Put";
inline constexpr std::string_view kCreatedCopy = "ObjectCreated:Copy";
inline constexpr std::string_view kCreatedByParts = "ObjectCreated:CompleteMultipartUpload";
inline constexpr std::string_view kRemoved = "ObjectRemoved:Delete";
inline constexpr std::string_view kMarkerCreated = "ObjectRemoved:DeleteMarkerCreated";
inline constexpr std::string_view kExpired = "LifecycleExpiration:Delete";
inline constexpr std::string_view kExpiredByMarker = "LifecycleExpiration:DeleteMarkerCreated";
inline constexpr std::string_view kTransitioned = "LifecycleTransition";
inline constexpr std::string_view kRestored = "ObjectRestore:Completed";
inline constexpr std::string_view kRestoreEnded = "ObjectRestore:Delete";
inline constexpr std::string_view kTagged = "ObjectTagging:Put";
inline constexpr std::string_view kUntagged = "ObjectTagging:Delete";

struct ObjectEvent {
  std::string name{};
  Time time{};
  AccountId account{};
  Region region{};
  std::string bucket{};
  std::string key{};
  std::string version_id{};
  std::uint64_t size = 0;
  std::string etag{};
  std::string sequencer{};  // of one key: ascending in text as the changes came
};

std::string Encode(const ObjectEvent& event);
// kCorrupt.
Result<ObjectEvent> DecodeEvent(std::string_view record);

// What one target wants to hear of.
struct EventFilter {
  std::vector<std::string> names{};  // "s3:ObjectCreated:*", "ObjectRemoved:Delete", ...
  std::string prefix{};
  std::string suffix{};
};
bool Matches(const EventFilter& filter, const ObjectEvent& event);

}  // namespace aloft::objects
