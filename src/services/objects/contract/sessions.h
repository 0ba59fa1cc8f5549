// Bytes on their way: into an object or a part, and out of an object.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "foundation/base/bytes.h"
#include "foundation/base/result.h"
#include "foundation/blob/store.h"
#include "services/objects/contract/types.h"
#include "services/objects/contract/upload_types.h"

namespace aloft::objects {

// An upload in progress: append, then commit once. Dropping it leaves nothing behind. One thread at a time.
class PutSession {
 public:
  virtual ~PutSession() = default;
  virtual Status Append(ByteView bytes) = 0;
  // kBadDigest, kConditionFailed, kNoSuchBucket, ...; afterwards the session is spent.
  virtual Result<ObjectInfo> Commit(const ExpectedDigests& expected) = 0;
  // Commit that tells its outcome instead of waiting for it: once, here or on another thread, which `done` must not
  // hold up. What has to wait after all runs through `later` (false: refused). The session lives until then.
  using Later = std::function<bool(std::function<void()> work)>;
  virtual void CommitSoon(const ExpectedDigests& expected, Later later,
                          std::function<void(Result<ObjectInfo>)> done) = 0;
};

// The same for one part of an upload in parts.
class PartSession {
 public:
  virtual ~PartSession() = default;
  virtual Status Append(ByteView bytes) = 0;
  virtual Result<Part> Commit(const ExpectedDigests& expected) = 0;
};

// An object as it was when it was opened, whatever happens to its key meanwhile. One thread at a time.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual const ObjectInfo& info() const = 0;
  // Up to out.size() bytes from `offset`; fewer only at the end.
  virtual Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
  // Where bytes from `offset` on lie in one file, as many of `length` as do, for sendfile; absent where they lie in
  // none.
  virtual Result<std::optional<blob::FileExtent>> Extent(std::uint64_t offset, std::uint64_t length) = 0;
};

}  // namespace aloft::objects
