#include "foundation/crypto/crc.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
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

constinit const Tables<std::uint32_t, kIeee> kCrc32Tables;
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

#if defined(__x86_64__)
// x^n modulo the polynomial, as the 64 reflected coefficients that a carry-less multiplication takes.
template <class Word, Word kPolynomial>
constexpr std::uint64_t PowerOfX(unsigned n) {
  Word value = Word{1} << (sizeof(Word) * 8 - 1);
  for (; n > 0; --n) value = (value >> 1) ^ ((value & 1) ? kPolynomial : 0);
  return static_cast<std::uint64_t>(value) << (64 - sizeof(Word) * 8);
}

// A block of 128 bits, moved `kBits` further on in the message: its halves times x^(kBits+64) and x^kBits. A product of
// reflected factors stands one place too high, hence the exponents.
template <class Word, Word kPolynomial, unsigned kBits>
__attribute__((target("pclmul,sse4.1"))) inline __m128i Folded(__m128i block) {
  constexpr auto kFirst = static_cast<long long>(PowerOfX<Word, kPolynomial>(kBits + 63));
  constexpr auto kSecond = static_cast<long long>(PowerOfX<Word, kPolynomial>(kBits - 1));
  const __m128i factors = _mm_set_epi64x(kSecond, kFirst);
  return _mm_xor_si128(_mm_clmulepi64_si128(block, factors, 0x00), _mm_clmulepi64_si128(block, factors, 0x11));
}

constexpr std::size_t kLanes = 4;
constexpr std::size_t kBlock = 16;

// Folds all whole blocks into one, which has the same checksum from 0 as they have from `crc`. `bytes` is at least 64
// long; `done` says how many it took. Method: Gopal and others, "Fast CRC Computation for Generic Polynomials Using
// PCLMULQDQ", Intel, 2009.
template <class Word, Word kPolynomial>
__attribute__((target("pclmul,sse4.1"))) std::array<std::uint8_t, kBlock> FoldBlocks(Word crc, ByteView bytes,
                                                                                     std::size_t& done) {
  const auto load = [&](std::size_t at) __attribute__((target("pclmul,sse4.1"))) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
  };
  __m128i lanes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = load(i * kBlock);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, static_cast<long long>(crc)));
  done = kLanes * kBlock;
  for (; done + kLanes * kBlock <= bytes.size(); done += kLanes * kBlock)
    for (std::size_t i = 0; i < kLanes; ++i)
      lanes[i] = _mm_xor_si128(Folded<Word, kPolynomial, kLanes * kBlock * 8>(lanes[i]), load(done + i * kBlock));
  __m128i all = lanes[0];
  for (std::size_t i = 1; i < kLanes; ++i) all = _mm_xor_si128(Folded<Word, kPolynomial, kBlock * 8>(all), lanes[i]);
  for (; done + kBlock <= bytes.size(); done += kBlock)
    all = _mm_xor_si128(Folded<Word, kPolynomial, kBlock * 8>(all), load(done));
  std::array<std::uint8_t, kBlock> block;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(block.data()), all);
  return block;
}
const bool kHasClmul = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
#endif

// `crc` and the result are inverted, as the tables have them.
template <class Word, Word kPolynomial>
Word Continued(const Tables<Word, kPolynomial>& tables, Word crc, ByteView bytes) {
#if defined(__x86_64__)
  if (kHasClmul && bytes.size() >= kLanes * kBlock) {
    std::size_t done = 0;
    const auto block = FoldBlocks<Word, kPolynomial>(crc, bytes, done);
    return Sliced(tables, Sliced(tables, Word{0}, ByteView(block)), bytes.subspan(done));
  }
#endif
  return Sliced(tables, crc, bytes);
}

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
  return ~Continued(kCrc32Tables, ~crc, bytes);
}

std::uint32_t Crc32c(std::uint32_t crc, ByteView bytes) {
#if defined(__x86_64__)
  if (kHasSse42) return ~Crc32cHardware(~crc, bytes);
#endif
  return ~Sliced(kCrc32cTables, ~crc, bytes);
}

std::uint64_t Crc64Nvme(std::uint64_t crc, ByteView bytes) {
  return ~Continued(kNvmeTables, ~crc, bytes);
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
// The portable forms, which tests hold against the instructions.
std::uint64_t Crc64NvmePortable(std::uint64_t crc, ByteView bytes) {
  return ~Sliced(kNvmeTables, ~crc, bytes);
}
std::uint32_t Crc32Portable(std::uint32_t crc, ByteView bytes) {
  return ~Sliced(kCrc32Tables, ~crc, bytes);
}
std::uint32_t Crc32cPortable(std::uint32_t crc, ByteView bytes) {
  return ~Sliced(kCrc32cTables, ~crc, bytes);
}
}  // namespace internal

}  // namespace aloft::crypto
