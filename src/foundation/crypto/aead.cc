#include "foundation/crypto/aead.h"

#include <openssl/evp.h>

#include <memory>

#include "foundation/base/check.h"

namespace aloft::crypto {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const EVP_CIPHER* Cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  ALOFT_CHECK(cipher != nullptr);
  return cipher;
}

const unsigned char* In(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Out(std::string& text, std::size_t offset = 0) {
  return reinterpret_cast<unsigned char*>(text.data()) + offset;
}

}  // namespace

std::string AeadSeal(std::string_view key, std::string_view nonce, std::string_view plaintext,
                     std::string_view associated) {
  ALOFT_CHECK(key.size() == kAeadKeySize && nonce.size() == kAeadNonceSize);
  const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string out(plaintext.size() + kAeadTagSize, '\0');
  int length = 0;
  ALOFT_CHECK(EVP_EncryptInit_ex2(context.get(), Cipher(), In(key), In(nonce), nullptr) == 1);
  ALOFT_CHECK(associated.empty() || EVP_EncryptUpdate(context.get(), nullptr, &length, In(associated),
                                                      static_cast<int>(associated.size())) == 1);
  ALOFT_CHECK(plaintext.empty() || EVP_EncryptUpdate(context.get(), Out(out), &length, In(plaintext),
                                                     static_cast<int>(plaintext.size())) == 1);
  ALOFT_CHECK(EVP_EncryptFinal_ex(context.get(), Out(out, plaintext.size()), &length) == 1);
  ALOFT_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, Out(out, plaintext.size())) == 1);
  return out;
}

Result<std::string> AeadOpen(std::string_view key, std::string_view nonce, std::string_view sealed,
                             std::string_view associated) {
  ALOFT_CHECK(key.size() == kAeadKeySize && nonce.size() == kAeadNonceSize);
  if (sealed.size() < kAeadTagSize) return Fail(kSealBroken, "the sealed bytes are cut short");
  const std::string_view ciphertext = sealed.substr(0, sealed.size() - kAeadTagSize);
  std::string tag(sealed.substr(ciphertext.size()));
  const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string out(ciphertext.size(), '\0');
  unsigned char rest[16];
  int length = 0;
  ALOFT_CHECK(EVP_DecryptInit_ex2(context.get(), Cipher(), In(key), In(nonce), nullptr) == 1);
  ALOFT_CHECK(associated.empty() || EVP_DecryptUpdate(context.get(), nullptr, &length, In(associated),
                                                      static_cast<int>(associated.size())) == 1);
  ALOFT_CHECK(ciphertext.empty() || EVP_DecryptUpdate(context.get(), Out(out), &length, In(ciphertext),
                                                      static_cast<int>(ciphertext.size())) == 1);
  ALOFT_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context.get(), rest, &length) != 1)
    return Fail(kSealBroken, "the sealed bytes were changed, or belong to another key or purpose");
  return out;
}

}  // namespace aloft::crypto
