// Large opaque bytes, named by an id that the store makes. No index: who owns a blob is written elsewhere, in the same
// breath as the id becomes visible. Bytes are durable before Commit returns. An unfinished or uncommitted writer leaves
// nothing behind. A committed blob never changes.
//
//   ALOFT_ASSIGN(auto writer, store.Create(content_length));
//   ALOFT_TRY(writer->Append(bytes));
//   ALOFT_TRY(writer->Commit());              // then write writer->id() into the index
//
// A blob whose index entry was never written is found by List and deleted by its owner's reclaim, some time after its
// commit. Stores are thread-safe; a Writer belongs to one thread at a time, a Reader to any number.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/blob/frame_key.h"

namespace aloft::s3 {
class Client;
}

namespace aloft::blob {

using BlobId = Id<struct BlobIdTag>;

inline constexpr Reason kNoSuchBlob{ErrorKind::kCorrupt, "NoSuchBlob"};

// Where a plain blob's bytes lie, for sendfile.
struct FileExtent {
  std::shared_ptr<const int> fd;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

class Writer {
 public:
  virtual ~Writer() = default;
  // Blocks for the disk; call on a pool thread. kDiskFull or kIoError end the writer: every later call fails too.
  virtual Status Append(ByteView bytes) = 0;
  // Durable when it returns. The id is known before (`id()`), so that an index entry can be prepared.
  virtual Status Commit() = 0;
  virtual const BlobId& id() const = 0;
};

class Reader {
 public:
  virtual ~Reader() = default;
  virtual std::uint64_t size() const = 0;
  // Up to out.size() bytes from `offset`; fewer only at the end.
  virtual Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
  // Absent where bytes are not stored as they are read (encrypted, remote).
  virtual std::optional<FileExtent> extent() const = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  // `expected_bytes` 0: unknown. With a key the bytes are encrypted as they come.
  virtual Result<std::unique_ptr<Writer>> Create(std::uint64_t expected_bytes,
                                                 const std::optional<FrameKey>& key = std::nullopt) = 0;
  // kNoSuchBlob; kCorrupt where the file's end does not vouch for its beginning. An encrypted blob needs its key:
  // kFrameKeyMissing, kFrameKeyWrong; one that should be encrypted and is not is kCorrupt: somebody put it there. A
  // blob that is open stays readable after Delete.
  virtual Result<std::unique_ptr<Reader>> Open(const BlobId& id, const std::optional<FrameKey>& key = std::nullopt) = 0;
  // Reads all of it against its checksum, which covers the bytes as they are stored, so it needs no key: kCorrupt where
  // a byte changed since Commit.
  virtual Status Verify(const BlobId& id) = 0;
  // Removing what is not there succeeds: reclaim repeats itself.
  virtual Status Delete(const BlobId& id) = 0;
  // Calls `visit` for each committed blob with its time of commit, in no order; stops where visit returns false.
  virtual Status List(const std::function<bool(const BlobId&, Time committed)>& visit) = 0;
};

// Objects `<prefix><id>` in a bucket of any S3 endpoint, in the same form as files, so that an encrypted blob is opaque
// there. Every call is requests: bytes come in windows, go in parts, and Delete ends also what is open. Uploads that
// died with their server are ended by List, a day later. `client` outlives the store.
Result<std::unique_ptr<Store>> OpenRemoteStore(std::shared_ptr<s3::Client> client, std::string bucket,
                                               std::string prefix, const Clock& clock, Random& random, Log log);

// Files under `directory`, spread over 256 folders made on demand; formats in docs/formats/blob.md.
Result<std::unique_ptr<Store>> OpenDirectoryStore(std::string directory, Random& random, Log log);

}  // namespace aloft::blob
