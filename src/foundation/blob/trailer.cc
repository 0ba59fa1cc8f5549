#include "foundation/blob/trailer.h"

#include <cstring>

#include "foundation/blob/frames.h"
#include "foundation/crypto/crc.h"

namespace aloft::blob {
namespace {

constexpr char kMagic[8] = {'A', 'L', 'O', 'F', 'T', 'B', 'L', 'B'};
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kChecked = kTrailerBytes - 4;

template <class T>
void PutNumber(std::uint8_t* at, T number) {
  for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<std::uint8_t>(number >> (8 * i));
}

template <class T>
T Load(const std::uint8_t* at) {
  T number = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) number = static_cast<T>(number << 8 | at[i]);
  return number;
}

}  // namespace

std::array<std::uint8_t, kTrailerBytes> EncodeTrailer(const Trailer& trailer) {
  std::array<std::uint8_t, kTrailerBytes> out{};
  std::memcpy(out.data(), kMagic, sizeof kMagic);
  PutNumber(out.data() + 8, kFormat);
  PutNumber(out.data() + 12, trailer.encoding);
  PutNumber(out.data() + 16, trailer.size);
  PutNumber(out.data() + 24, trailer.crc64);
  PutNumber(out.data() + 32, trailer.key_check);
  PutNumber(out.data() + kChecked, crypto::Crc32c(0, ByteView(out).first(kChecked)));
  return out;
}

std::optional<Trailer> DecodeTrailer(ByteView bytes) {
  if (bytes.size() != kTrailerBytes || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) return std::nullopt;
  if (Load<std::uint32_t>(bytes.data() + kChecked) != crypto::Crc32c(0, bytes.first(kChecked))) return std::nullopt;
  if (Load<std::uint32_t>(bytes.data() + 8) != kFormat) return std::nullopt;
  return Trailer{Load<std::uint32_t>(bytes.data() + 12), Load<std::uint64_t>(bytes.data() + 16),
                 Load<std::uint64_t>(bytes.data() + 24), Load<std::uint32_t>(bytes.data() + 32)};
}

std::optional<std::uint64_t> StoredSize(const Trailer& trailer) {
  if (trailer.encoding == kPlainEncoding) return trailer.size;
  if (trailer.encoding == kFramedEncoding && trailer.size <= kMaxFramedBytes) return SealedSize(trailer.size);
  return std::nullopt;
}

}  // namespace aloft::blob
