// The data key of an object: made with it, sealed by whoever guards it, opened to read. Each blob and inline body of
// the object is encrypted under a key derived from the data key; bytes that are shared with another object bring a key
// of their own, sealed under this one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/blob/frame_key.h"
#include "services/objects/engine/core.h"

namespace aloft::objects {

struct DataKey {
  std::optional<blob::FrameKey> key{};  // absent: the bytes are stored as they are
  StoredKey stored{};                   // goes into the entry or upload
};

// A new key for an object of this name. kCustomerKeyMissing, and what the key service says.
Result<DataKey> MakeDataKey(Core& core, const Bucket& bucket, std::string_view key, const EncryptionRequest& wanted);

// The key of an object or upload of this name. kCustomerKeyMissing, kCustomerKeyWrong; kCustomerKeyUnwanted where one
// is given that was never asked for.
Result<DataKey> OpenDataKey(Core& core, const Bucket& bucket, std::string_view key, const StoredKey& stored,
                            std::string_view customer_key);

// The key of one segment of an object.
Result<std::optional<blob::FrameKey>> SegmentKey(const Segment& segment, const std::optional<blob::FrameKey>& object);
// What an inline body is stored as, and back.
std::string SealBody(Core& core, const Segment& segment, const std::optional<blob::FrameKey>& object, std::string body);
Result<std::string> OpenBody(const Segment& segment, const std::optional<blob::FrameKey>& object, std::string stored);

// Bytes under `bytes_key` come into an object under `object`.
void SealSegmentKey(Core& core, Segment& segment, const blob::FrameKey& bytes_key, const blob::FrameKey& object);

// Whether a key of somebody else's guards the bytes.
bool IsForeign(EncryptionKind kind);
// Hexadecimal. The MD5, except where a key of somebody else's guards the bytes: then it must not tell what they are.
std::string MakeETag(std::string_view md5, const DataKey& key);

}  // namespace aloft::objects
