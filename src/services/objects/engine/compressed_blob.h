// Compressed bytes in a blob: pieces of 1 MiB, each a zstd frame of its own, then their sizes, so that a range costs
// only its pieces. docs/formats/objects.md, "Compressed blobs".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foundation/blob/store.h"

namespace aloft::objects {

inline constexpr std::size_t kCompressedPiece = 1u << 20;

// Whether the first bytes of an object promise that compressing it pays: at least a tenth is saved.
bool CompressionPays(ByteView first_bytes);

class CompressingWriter {
 public:
  explicit CompressingWriter(std::unique_ptr<blob::Writer> writer) : writer_(std::move(writer)) {}
  Status Append(ByteView bytes);
  // Durable when it returns.
  Status Commit();
  const blob::BlobId& id() const { return writer_->id(); }
  std::uint64_t stored_bytes() const { return stored_; }

 private:
  Status Flush();
  std::unique_ptr<blob::Writer> writer_;
  std::string piece_;
  std::vector<std::uint32_t> sizes_;
  std::uint64_t length_ = 0;
  std::uint64_t stored_ = 0;
};

// kCorrupt where the blob is no such one. One thread at a time.
Result<std::unique_ptr<blob::Reader>> OpenCompressed(std::unique_ptr<blob::Reader> stored);

}  // namespace aloft::objects
