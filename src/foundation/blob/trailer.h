// The last bytes of a blob's file: docs/formats/blob.md. At the end, so that what comes before can be sent as it is.
// Private to the room; pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "foundation/base/bytes.h"

namespace aloft::blob {

struct Trailer {
  std::uint32_t encoding = 0;   // how the bytes before are stored; 0: as they are
  std::uint64_t size = 0;       // of the blob
  std::uint64_t crc64 = 0;      // CRC-64/NVME of the bytes as they are stored
  std::uint32_t key_check = 0;  // of an encrypted blob: docs/formats/blob.md
};

inline constexpr std::size_t kTrailerBytes = 40;
inline constexpr std::uint32_t kPlainEncoding = 0;
inline constexpr std::uint32_t kFramedEncoding = 1;  // AES-256-GCM frames

std::array<std::uint8_t, kTrailerBytes> EncodeTrailer(const Trailer& trailer);

// How many bytes must lie before the trailer; absent where no writer of ours made it.
std::optional<std::uint64_t> StoredSize(const Trailer& trailer);

// Absent where the bytes are not a trailer that this program knows.
std::optional<Trailer> DecodeTrailer(ByteView bytes);

}  // namespace aloft::blob
