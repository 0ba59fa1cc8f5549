// The cyclic checksums of the S3 protocol. Each function continues from `crc` (start with 0), so a stream is checked in
// pieces; CrcCombine joins the checksums of two neighbouring parts without their bytes.
//
//   std::uint32_t crc = 0;
//   for (ByteView piece : pieces) crc = Crc32c(crc, piece);
#pragma once

#include <cstdint>
#include <string>

#include "foundation/base/bytes.h"

namespace aloft::crypto {

std::uint32_t Crc32(std::uint32_t crc, ByteView bytes);   // IEEE 802.3, zlib's
std::uint32_t Crc32c(std::uint32_t crc, ByteView bytes);  // Castagnoli
std::uint64_t Crc64Nvme(std::uint64_t crc, ByteView bytes);

// The checksum of A followed by B, from those of A and B and the length of B.
std::uint32_t Crc32Combine(std::uint32_t a, std::uint32_t b, std::uint64_t length_b);
std::uint32_t Crc32cCombine(std::uint32_t a, std::uint32_t b, std::uint64_t length_b);
std::uint64_t Crc64NvmeCombine(std::uint64_t a, std::uint64_t b, std::uint64_t length_b);

// Big-endian bytes, as S3 puts them into base64.
std::string CrcBytes(std::uint32_t crc);
std::string CrcBytes(std::uint64_t crc);

}  // namespace aloft::crypto
