#include "foundation/crypto/crc.h"

#include <gtest/gtest.h>

#include "foundation/base/random.h"

namespace aloft::crypto {
namespace internal {
std::uint32_t Crc32cPortable(std::uint32_t crc, ByteView bytes);
std::uint32_t Crc32Portable(std::uint32_t crc, ByteView bytes);
std::uint64_t Crc64NvmePortable(std::uint64_t crc, ByteView bytes);
}  // namespace internal
namespace {

constexpr std::string_view kCheck = "123456789";

// The check values of the CRC catalogue; CRC-64/NVME's from the NVM Express specification.
TEST(Crc, KnowsThePublishedCheckValues) {
  EXPECT_EQ(Crc32(0, AsBytes(kCheck)), 0xcbf43926u);
  EXPECT_EQ(Crc32c(0, AsBytes(kCheck)), 0xe3069283u);
  EXPECT_EQ(Crc64Nvme(0, AsBytes(kCheck)), 0xae8b14860a799888u);
  EXPECT_EQ(Crc32c(0, AsBytes(std::string(32, '\0'))), 0x8a9136aau);  // RFC 3720 B.4
  EXPECT_EQ(HexEncode(AsBytes(CrcBytes(Crc32(0, AsBytes(kCheck))))), "cbf43926");
  EXPECT_EQ(HexEncode(AsBytes(CrcBytes(Crc64Nvme(0, AsBytes(kCheck))))), "ae8b14860a799888");
}

// A body arrives in pieces, multipart objects join the sums of parts, and a null empty piece changes nothing.
TEST(Crc, PiecesAndCombinationsAgreeWithTheWhole) {
  SeededRandom random(7);
  std::string data(5000, '\0');
  random.Fill({reinterpret_cast<std::uint8_t*>(data.data()), data.size()});
  for (const std::size_t cut : {0u, 1u, 7u, 8u, 63u, 1024u, 4999u, 5000u}) {
    const ByteView all = AsBytes(data), a = all.first(cut), b = all.subspan(cut);
    EXPECT_EQ(Crc32(Crc32(0, a), b), Crc32(0, all));
    EXPECT_EQ(Crc32c(Crc32c(0, a), b), Crc32c(0, all));
    EXPECT_EQ(Crc64Nvme(Crc64Nvme(0, a), b), Crc64Nvme(0, all));
    EXPECT_EQ(Crc32Combine(Crc32(0, a), Crc32(0, b), b.size()), Crc32(0, all));
    EXPECT_EQ(Crc32cCombine(Crc32c(0, a), Crc32c(0, b), b.size()), Crc32c(0, all));
    EXPECT_EQ(Crc64NvmeCombine(Crc64Nvme(0, a), Crc64Nvme(0, b), b.size()), Crc64Nvme(0, all));
    EXPECT_EQ(internal::Crc32cPortable(0, a), Crc32c(0, a));
  }
  EXPECT_EQ(Crc32(5, {}), 5u);
  EXPECT_EQ(Crc32c(5, {}), 5u);
  EXPECT_EQ(Crc64Nvme(5, {}), 5u);
}

// Long inputs are folded by carry-less multiplications; every length around the edges of blocks and lanes, and any
// start.
TEST(Crc, FoldingAgreesWithTheTables) {
  SeededRandom random(11);
  std::string data(4096 + 16, '\0');
  random.Fill({reinterpret_cast<std::uint8_t*>(data.data()), data.size()});
  for (std::size_t size = 0; size < 4096; size += size < 300 ? 1 : 61) {
    const ByteView bytes = AsBytes(data).subspan(size % 16, size);
    const std::uint64_t start = random.Next();
    EXPECT_EQ(Crc64Nvme(start, bytes), internal::Crc64NvmePortable(start, bytes)) << size;
    EXPECT_EQ(Crc32(static_cast<std::uint32_t>(start), bytes),
              internal::Crc32Portable(static_cast<std::uint32_t>(start), bytes))
        << size;
  }
}

}  // namespace
}  // namespace aloft::crypto
