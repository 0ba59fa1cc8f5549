// Encryption frames: encoding 1 of docs/formats/blob.md. Private to the room.
//
// A frame is sealed for its blob, its place and whether it is the last, so frames cannot be moved, swapped, taken from
// another blob, or cut off at the end.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "foundation/base/bytes.h"
#include "foundation/blob/frame_key.h"
#include "foundation/blob/store.h"
#include "foundation/crypto/aead.h"

namespace aloft::blob {

inline constexpr std::size_t kFrameBytes = 64u << 10;
inline constexpr std::size_t kFrameTag = crypto::kAeadTagSize;
inline constexpr std::size_t kSealedFrameBytes = kFrameBytes + kFrameTag;
// So that no position overflows, in the file either.
inline constexpr std::uint64_t kMaxFramedBytes = std::uint64_t{1} << 62;

// An empty blob has one frame too: its end is vouched for as any other's.
inline constexpr std::uint64_t FrameCount(std::uint64_t size) {
  return size == 0 ? 1 : (size + kFrameBytes - 1) / kFrameBytes;
}
inline constexpr std::uint64_t SealedSize(std::uint64_t size) {
  return size + FrameCount(size) * kFrameTag;
}

// Seals and opens frames of one blob. Not thread-safe; copies of the derived keys are wiped with it.
class FrameCipher {
 public:
  FrameCipher(const FrameKey& key, const BlobId& id);

  // Stands in the trailer: tells another key from damage before anything is read. Public, says nothing of the key.
  std::uint32_t key_check() const { return key_check_; }

  // `out` takes plain.size() bytes and may be plain.data().
  void Seal(std::uint64_t number, bool last, ByteView plain, std::uint8_t* out, std::span<std::uint8_t, kFrameTag> tag);
  // In place; false, and zeroes, where the frame is not this one.
  bool Open(std::uint64_t number, bool last, std::span<std::uint8_t> bytes,
            std::span<const std::uint8_t, kFrameTag> tag);

 private:
  const std::string associated_;
  std::uint32_t key_check_ = 0;
  std::optional<crypto::Aead> aead_;
};

// Reads `size` bytes of an encrypted blob whose frames begin at the file's beginning. kFrameKeyWrong is the caller's to
// find (trailer); a frame that does not hold is kCorrupt when it is read; the
// only frame of an empty blob is never read, so it is checked here. `cipher` is of this key and id.
Result<std::unique_ptr<Reader>> MakeFrameReader(std::shared_ptr<const int> fd, std::uint64_t size, const FrameKey& key,
                                                const BlobId& id, std::unique_ptr<FrameCipher> cipher);

}  // namespace aloft::blob
