#include "foundation/blob/frames.h"

#include "foundation/crypto/hmac.h"
#include "foundation/crypto/wipe.h"

namespace aloft::blob {
namespace {

// 96 bits: is it the last, and which one. The key belongs to one blob, which is written once.
std::array<char, crypto::kAeadNonceSize> Nonce(std::uint64_t number, bool last) {
  std::array<char, crypto::kAeadNonceSize> nonce{};
  nonce[3] = last ? 1 : 0;
  for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<char>(number >> (8 * (7 - i)));
  return nonce;
}

}  // namespace

FrameCipher::FrameCipher(const FrameKey& key, const BlobId& id) : associated_("aloft blob 1 " + id.value()) {
  std::string material = crypto::DeriveKey(key.bytes(), id.value(), "aloft blob 1", crypto::kAeadKeySize + 4);
  const crypto::Wiped wiped(material);
  aead_.emplace(std::string_view(material).substr(0, crypto::kAeadKeySize));
  for (std::size_t i = 0; i < 4; ++i)
    key_check_ = key_check_ << 8 | static_cast<std::uint8_t>(material[crypto::kAeadKeySize + i]);
}

void FrameCipher::Seal(std::uint64_t number, bool last, ByteView plain, std::uint8_t* out,
                       std::span<std::uint8_t, kFrameTag> tag) {
  const auto nonce = Nonce(number, last);
  aead_->Seal({nonce.data(), nonce.size()}, associated_, plain, out, tag);
}

bool FrameCipher::Open(std::uint64_t number, bool last, std::span<std::uint8_t> bytes,
                       std::span<const std::uint8_t, kFrameTag> tag) {
  const auto nonce = Nonce(number, last);
  return aead_->Open({nonce.data(), nonce.size()}, associated_, bytes, bytes.data(), tag);
}

}  // namespace aloft::blob
