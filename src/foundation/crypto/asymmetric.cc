#include "foundation/crypto/asymmetric.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "foundation/crypto/evp.h"
#include "foundation/crypto/wipe.h"

namespace aloft::crypto {
namespace {

using Key = std::unique_ptr<EVP_PKEY, internal::Freer<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, internal::Freer<EVP_PKEY_CTX_free>>;

const unsigned char* In(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Out(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// What the library says of keys may name their numbers: the caller hears only that it refused.
Error Refused(const char* step) {
  ERR_clear_error();
  return Fail(kCryptoFailed, "The cryptographic library refused the operation.", step);
}

struct Made {
  const char* algorithm;
  unsigned bits;
  const char* curve;
};
Made Of(KeyType type) {
  switch (type) {
    case KeyType::kRsa2048: return {"RSA", 2048, nullptr};
    case KeyType::kRsa3072: return {"RSA", 3072, nullptr};
    case KeyType::kRsa4096: return {"RSA", 4096, nullptr};
    case KeyType::kP256: return {"EC", 0, "P-256"};
    case KeyType::kP384: return {"EC", 0, "P-384"};
    case KeyType::kP521: return {"EC", 0, "P-521"};
    case KeyType::kSecp256k1: return {"EC", 0, "secp256k1"};
  }
  return {};
}

// DER by one of the library's i2d functions, wiped where it stood in between.
template <class Encode>
Result<std::string> Der(const EVP_PKEY* key, Encode encode) {
  unsigned char* bytes = nullptr;
  const int size = encode(key, &bytes);
  if (size <= 0) return Refused("encode");
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_clear_free(bytes, static_cast<std::size_t>(size));
  return out;
}

int EncodePrivate(const EVP_PKEY* key, unsigned char** out) {
  std::unique_ptr<PKCS8_PRIV_KEY_INFO, internal::Freer<PKCS8_PRIV_KEY_INFO_free>> info(EVP_PKEY2PKCS8(key));
  return info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), out) : -1;
}

Key ReadPrivate(std::string_view der) {
  const unsigned char* at = In(der);
  return Key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
}
Key ReadPublic(std::string_view der) {
  const unsigned char* at = In(der);
  return Key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
}

bool Configure(EVP_PKEY_CTX* context, SignatureScheme scheme, Digest digest) {
  if (EVP_PKEY_CTX_set_signature_md(context, internal::Fetched(digest)) <= 0) return false;
  if (scheme == SignatureScheme::kEcdsa) return true;
  const int padding = scheme == SignatureScheme::kRsaPss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
  if (EVP_PKEY_CTX_set_rsa_padding(context, padding) <= 0) return false;
  return scheme != SignatureScheme::kRsaPss || (EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0 &&
                                                EVP_PKEY_CTX_set_rsa_mgf1_md(context, internal::Fetched(digest)) > 0);
}

bool ConfigureOaep(EVP_PKEY_CTX* context, Digest digest) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, internal::Fetched(digest)) > 0 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, internal::Fetched(digest)) > 0;
}

KeyContext ContextOf(const Key& key) {
  return KeyContext(key ? EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr) : nullptr);
}

}  // namespace

Result<KeyPair> MakeKeyPair(KeyType type) {
  const Made made = Of(type);
  Key key(made.curve != nullptr ? EVP_EC_gen(made.curve) : EVP_RSA_gen(made.bits));
  if (!key) return Refused("generate");
  KeyPair pair;
  ALOFT_ASSIGN(pair.private_key, Der(key.get(), &EncodePrivate));
  ALOFT_ASSIGN(pair.public_key, Der(key.get(), &i2d_PUBKEY));
  return pair;
}

Result<std::string> SignDigest(std::string_view private_key, SignatureScheme scheme, Digest digest,
                               std::string_view value) {
  const Key key = ReadPrivate(private_key);
  const KeyContext context = ContextOf(key);
  std::size_t size = 0;
  if (!context || EVP_PKEY_sign_init(context.get()) <= 0 || !Configure(context.get(), scheme, digest) ||
      EVP_PKEY_sign(context.get(), nullptr, &size, In(value), value.size()) <= 0)
    return Refused("sign");
  std::string out(size, '\0');
  if (EVP_PKEY_sign(context.get(), Out(out), &size, In(value), value.size()) <= 0) return Refused("sign");
  out.resize(size);
  return out;
}

Result<bool> VerifyDigest(std::string_view public_key, SignatureScheme scheme, Digest digest, std::string_view value,
                          std::string_view signature) {
  const Key key = ReadPublic(public_key);
  const KeyContext context = ContextOf(key);
  if (!context || EVP_PKEY_verify_init(context.get()) <= 0 || !Configure(context.get(), scheme, digest))
    return Refused("verify");
  const bool holds = EVP_PKEY_verify(context.get(), In(signature), signature.size(), In(value), value.size()) == 1;
  ERR_clear_error();
  return holds;
}

Result<std::string> OaepEncrypt(std::string_view public_key, Digest digest, std::string_view plaintext) {
  const Key key = ReadPublic(public_key);
  const KeyContext context = ContextOf(key);
  std::size_t size = 0;
  if (!context || EVP_PKEY_encrypt_init(context.get()) <= 0 || !ConfigureOaep(context.get(), digest) ||
      EVP_PKEY_encrypt(context.get(), nullptr, &size, In(plaintext), plaintext.size()) <= 0)
    return Refused("encrypt");
  std::string out(size, '\0');
  if (EVP_PKEY_encrypt(context.get(), Out(out), &size, In(plaintext), plaintext.size()) <= 0) return Refused("encrypt");
  out.resize(size);
  return out;
}

Result<std::string> OaepDecrypt(std::string_view private_key, Digest digest, std::string_view ciphertext) {
  const Key key = ReadPrivate(private_key);
  const KeyContext context = ContextOf(key);
  std::size_t size = 0;
  if (!context || EVP_PKEY_decrypt_init(context.get()) <= 0 || !ConfigureOaep(context.get(), digest))
    return Refused("decrypt");
  if (EVP_PKEY_decrypt(context.get(), nullptr, &size, In(ciphertext), ciphertext.size()) > 0) {
    std::string out(size, '\0');
    if (EVP_PKEY_decrypt(context.get(), Out(out), &size, In(ciphertext), ciphertext.size()) > 0) {
      out.resize(size);
      return out;
    }
    Wipe(out);
  }
  ERR_clear_error();
  return Fail(kSealBroken, "the ciphertext does not open with this key");
}

}  // namespace aloft::crypto
