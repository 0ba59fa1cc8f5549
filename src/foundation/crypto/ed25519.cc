#include "foundation/crypto/ed25519.h"

#include <openssl/evp.h>

#include <memory>

#include "foundation/base/check.h"
#include "foundation/crypto/evp.h"

namespace aloft::crypto {
namespace {

using Key = std::unique_ptr<EVP_PKEY, internal::Freer<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, internal::Freer<EVP_MD_CTX_free>>;

const unsigned char* In(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Key PrivateKey(std::string_view seed) {
  ALOFT_CHECK(seed.size() == kEd25519SeedSize);
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, In(seed), seed.size()));
  ALOFT_CHECK(key != nullptr);
  return key;
}

}  // namespace

std::string Ed25519PublicKey(std::string_view seed) {
  Key key = PrivateKey(seed);
  std::string out(kEd25519PublicKeySize, '\0');
  std::size_t size = out.size();
  ALOFT_CHECK(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(out.data()), &size) == 1);
  return out;
}

std::string Ed25519Sign(std::string_view seed, std::string_view message) {
  Key key = PrivateKey(seed);
  Context context(EVP_MD_CTX_new());
  std::string out(kEd25519SignatureSize, '\0');
  std::size_t size = out.size();
  ALOFT_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  ALOFT_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, In(message),
                             message.size()) == 1);
  return out;
}

bool Ed25519Verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  if (public_key.size() != kEd25519PublicKeySize || signature.size() != kEd25519SignatureSize) return false;
  Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, In(public_key), public_key.size()));
  Context context(EVP_MD_CTX_new());
  if (key == nullptr || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), In(signature), signature.size(), In(message), message.size()) == 1;
}

}  // namespace aloft::crypto
