#include "foundation/crypto/crc.h"

#include <zlib.h>

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace aloft::crypto {
namespace {

// Slicing by eight: table[k][b] is the checksum of byte b followed by k zero bytes. Reflected polynomials.
template <class Word, Word kPolynomial>
struct Tables {
  std::array<std::array<Word, 256>, 8> table{};
  constexpr Tables() {
    for (unsigned byte = 0; byte < 256; ++byte) {
      Word value = byte;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? kPolynomial : 0);
      table[0][byte] = value;
    }
    for (unsigned byte = 0; byte < 256; ++byte)
      for (unsigned k = 1; k < 8; ++k) table[k][byte] = (table[k - 1][byte] >> 8) ^ table[0][table[k - 1][byte] & 0xff];
  }
};

constexpr std::uint32_t kCastagnoli = 0x82f63b78;
constexpr std::uint64_t kNvme = 0x9a6c9329ac4bc9b5;
constexpr std::uint32_t kIeee = 0xedb88320;

constinit const Tables<std::uint32_t, kCastagnoli> kCrc32cTables;
constinit const Tables<std::uint64_t, kNvme> kNvmeTables;

template <class Word, Word kPolynomial>
Word Sliced(const Tables<Word, kPolynomial>& tables, Word crc, ByteView bytes) {
  const auto& t = tables.table;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);  // little-endian, the only order we build for
    word ^= crc;
    crc = t[7][word & 0xff] ^ t[6][(word >> 8) & 0xff] ^ t[5][(word >> 16) & 0xff] ^ t[4][(word >> 24) & 0xff] ^
          t[3][(word >> 32) & 0xff] ^ t[2][(word >> 40) & 0xff] ^ t[1][(word >> 48) & 0xff] ^ t[0][word >> 56];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ t[0][(crc ^ *at) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t Crc32cHardware(std::uint32_t crc, ByteView bytes) {
  std::uint64_t state = crc;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
  for (; left > 0; ++at, --left) state = _mm_crc32_u8(static_cast<std::uint32_t>(state), *at);
  return static_cast<std::uint32_t>(state);
}
const bool kHasSse42 = __builtin_cpu_supports("sse4.2");
#endif

// a * b modulo the polynomial, both as reflected coefficients (the highest bit is x^0).
template <class Word, Word kPolynomial>
Word Multiply(Word a, Word b) {
  constexpr Word kOne = Word{1} << (sizeof(Word) * 8 - 1);
  Word product = 0;
  for (Word bit = kOne; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ ((b & 1) ? kPolynomial : 0);
  }
  return product;
}

// Appending n bytes to A multiplies its checksum by x^(8n); the initial and final inversions cancel out.
template <class Word, Word kPolynomial>
Word Combine(Word a, Word b, std::uint64_t length_b) {
  constexpr Word kOne = Word{1} << (sizeof(Word) * 8 - 1);
  Word power = kOne >> 8;  // x^8
  Word shift = kOne;
  for (; length_b != 0; length_b >>= 1) {
    if (length_b & 1) shift = Multiply<Word, kPolynomial>(shift, power);
    power = Multiply<Word, kPolynomial>(power, power);
  }
  return Multiply<Word, kPolynomial>(a, shift) ^ b;
}

template <class Word>
std::string BigEndian(Word value) {
  std::string out(sizeof(Word), '\0');
  for (std::size_t i = 0; i < sizeof(Word); ++i)
    out[i] = static_cast<char>((value >> (8 * (sizeof(Word) - 1 - i))) & 0xff);
  return out;
}

}  // namespace

std::uint32_t Crc32(std::uint32_t crc, ByteView bytes) {
  if (bytes.empty()) return crc;  // zlib takes a null pointer as "start anew"
  return static_cast<std::uint32_t>(crc32_z(crc, bytes.data(), bytes.size()));
}

std::uint32_t Crc32c(std::uint32_t crc, ByteView bytes) {
#if defined(__x86_64__)
  if (kHasSse42) return ~Crc32cHardware(~crc, bytes);
#endif
  return ~Sliced(kCrc32cTables, ~crc, bytes);
}

std::uint64_t Crc64Nvme(std::uint64_t crc, ByteView bytes) {
  return ~Sliced(kNvmeTables, ~crc, bytes);
}

std::uint32_t Crc32Combine(std::uint32_t a, std::uint32_t b, std::uint64_t length_b) {
  return Combine<std::uint32_t, kIeee>(a, b, length_b);
}
std::uint32_t Crc32cCombine(std::uint32_t a, std::uint32_t b, std::uint64_t length_b) {
  return Combine<std::uint32_t, kCastagnoli>(a, b, length_b);
}
std::uint64_t Crc64NvmeCombine(std::uint64_t a, std::uint64_t b, std::uint64_t length_b) {
  return Combine<std::uint64_t, kNvme>(a, b, length_b);
}

std::string CrcBytes(std::uint32_t crc) {
  return BigEndian(crc);
}
std::string CrcBytes(std::uint64_t crc) {
  return BigEndian(crc);
}

namespace internal {
// The portable form, which tests hold against the instruction.
std::uint32_t Crc32cPortable(std::uint32_t crc, ByteView bytes) {
  return ~Sliced(kCrc32cTables, ~crc, bytes);
}
}  // namespace internal

}  // namespace aloft::crypto
