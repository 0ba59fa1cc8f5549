#include "foundation/blob/frame_key.h"

#include <cstring>

#include "foundation/crypto/aead.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/wipe.h"

namespace aloft::blob {
namespace {

constexpr char kInlineVersion = 1;
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHeader = 1 + kSaltSize;
static_assert(kInlineOverhead == kHeader + crypto::kAeadTagSize);

// Key and nonce of one seal.
std::string InlineMaterial(const FrameKey& key, std::string_view salt) {
  return crypto::DeriveKey(key.bytes(), salt, "aloft inline 1", crypto::kAeadKeySize + crypto::kAeadNonceSize);
}

}  // namespace

std::optional<FrameKey> FrameKey::FromBytes(std::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  FrameKey key;
  std::memcpy(key.bytes_.data(), bytes.data(), kSize);
  return key;
}

FrameKey FrameKey::Draw(Random& random) {
  FrameKey key;
  random.Fill(key.bytes_);
  return key;
}

FrameKey::~FrameKey() {
  crypto::Wipe(bytes_);
}

std::string SealInline(const FrameKey& key, std::string_view plaintext, std::string_view context, Random& random) {
  std::array<std::uint8_t, kSaltSize> salt;
  random.Fill(salt);
  std::string out(1, kInlineVersion);
  out.append(AsText(salt));
  std::string material = InlineMaterial(key, AsText(salt));
  const crypto::Wiped wiped(material);
  const std::string_view view(material);
  const std::string associated = out + std::string(context);
  return out.append(
      crypto::AeadSeal(view.substr(0, crypto::kAeadKeySize), view.substr(crypto::kAeadKeySize), plaintext, associated));
}

Result<std::string> OpenInline(const FrameKey& key, std::string_view sealed, std::string_view context) {
  if (sealed.size() < kInlineOverhead || sealed[0] != kInlineVersion)
    return Fail(kCorrupt, "Stored bytes are damaged.", "not a sealed record");
  const std::string_view header = sealed.substr(0, kHeader);
  std::string material = InlineMaterial(key, header.substr(1));
  const crypto::Wiped wiped(material);
  const std::string_view view(material);
  auto opened = crypto::AeadOpen(view.substr(0, crypto::kAeadKeySize), view.substr(crypto::kAeadKeySize),
                                 sealed.substr(kHeader), std::string(header).append(context));
  if (opened.ok()) return opened;
  return Fail(kFrameKeyWrong, "The stored bytes do not open with this key.", "a sealed record");
}

}  // namespace aloft::blob
