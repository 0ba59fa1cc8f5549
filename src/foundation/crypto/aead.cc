#include "foundation/crypto/aead.h"

#include <openssl/evp.h>

#include <algorithm>

#include "foundation/base/check.h"
#include "foundation/crypto/evp.h"
#include "foundation/crypto/wipe.h"

namespace aloft::crypto {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, internal::Freer<EVP_CIPHER_CTX_free>>;

const EVP_CIPHER* Cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  ALOFT_CHECK(cipher != nullptr);
  return cipher;
}

const unsigned char* In(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

struct Aead::State {
  Context context{EVP_CIPHER_CTX_new()};  // GCM's key schedule is the same both ways
};

Aead::Aead(std::string_view key) : state_(std::make_unique<State>()) {
  ALOFT_CHECK(key.size() == kAeadKeySize);
  ALOFT_CHECK(EVP_EncryptInit_ex2(state_->context.get(), Cipher(), In(key), nullptr, nullptr) == 1);
}
Aead::Aead(Aead&&) noexcept = default;
Aead::~Aead() = default;

void Aead::Seal(std::string_view nonce, std::string_view associated, ByteView in, std::uint8_t* out,
                std::span<std::uint8_t, kAeadTagSize> tag) {
  ALOFT_CHECK(nonce.size() == kAeadNonceSize);
  EVP_CIPHER_CTX* context = state_->context.get();
  unsigned char rest[16];
  int length = 0;
  ALOFT_CHECK(EVP_EncryptInit_ex2(context, nullptr, nullptr, In(nonce), nullptr) == 1);
  ALOFT_CHECK(associated.empty() ||
              EVP_EncryptUpdate(context, nullptr, &length, In(associated), static_cast<int>(associated.size())) == 1);
  ALOFT_CHECK(in.empty() || EVP_EncryptUpdate(context, out, &length, in.data(), static_cast<int>(in.size())) == 1);
  ALOFT_CHECK(EVP_EncryptFinal_ex(context, rest, &length) == 1);
  ALOFT_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, tag.data()) == 1);
}

bool Aead::Open(std::string_view nonce, std::string_view associated, ByteView in, std::uint8_t* out,
                std::span<const std::uint8_t, kAeadTagSize> tag) {
  ALOFT_CHECK(nonce.size() == kAeadNonceSize);
  EVP_CIPHER_CTX* context = state_->context.get();
  unsigned char rest[16];
  unsigned char expected[kAeadTagSize];
  std::copy(tag.begin(), tag.end(), expected);
  int length = 0;
  ALOFT_CHECK(EVP_DecryptInit_ex2(context, nullptr, nullptr, In(nonce), nullptr) == 1);
  ALOFT_CHECK(associated.empty() ||
              EVP_DecryptUpdate(context, nullptr, &length, In(associated), static_cast<int>(associated.size())) == 1);
  ALOFT_CHECK(in.empty() || EVP_DecryptUpdate(context, out, &length, in.data(), static_cast<int>(in.size())) == 1);
  ALOFT_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, expected) == 1);
  if (EVP_DecryptFinal_ex(context, rest, &length) == 1) return true;
  Wipe(out, in.size());
  return false;
}

std::string AeadSeal(std::string_view key, std::string_view nonce, std::string_view plaintext,
                     std::string_view associated) {
  std::string out(plaintext.size() + kAeadTagSize, '\0');
  auto* bytes = reinterpret_cast<std::uint8_t*>(out.data());
  Aead(key).Seal(nonce, associated, AsBytes(plaintext), bytes,
                 std::span<std::uint8_t, kAeadTagSize>(bytes + plaintext.size(), kAeadTagSize));
  return out;
}

Result<std::string> AeadOpen(std::string_view key, std::string_view nonce, std::string_view sealed,
                             std::string_view associated) {
  if (sealed.size() < kAeadTagSize) return Fail(kSealBroken, "the sealed bytes are cut short");
  const ByteView ciphertext = AsBytes(sealed).first(sealed.size() - kAeadTagSize);
  std::string out(ciphertext.size(), '\0');
  if (Aead(key).Open(nonce, associated, ciphertext, reinterpret_cast<std::uint8_t*>(out.data()),
                     AsBytes(sealed).last<kAeadTagSize>()))
    return out;
  return Fail(kSealBroken, "the sealed bytes were changed, or belong to another key or purpose");
}

}  // namespace aloft::crypto
