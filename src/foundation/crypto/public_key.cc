#include "foundation/crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <string>

#include "foundation/crypto/evp.h"

namespace aloft::crypto {
namespace {

using internal::Freer;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

const unsigned char* Raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Number ToNumber(std::string_view bytes) {
  return Number(BN_bin2bn(Raw(bytes), static_cast<int>(bytes.size()), nullptr));
}

Key Build(const char* type, const Builder& builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return Key(key);
}

bool Verify(const Key& key, std::string_view message, std::string_view signature) {
  if (key == nullptr) return false;
  const DigestContext context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key.get(), nullptr) == 1 &&
         EVP_DigestVerify(context.get(), Raw(signature), signature.size(), Raw(message), message.size()) == 1;
}

}  // namespace

bool VerifyRs256(std::string_view modulus, std::string_view exponent, std::string_view message,
                 std::string_view signature) {
  const Number n = ToNumber(modulus), e = ToNumber(exponent);
  if (n == nullptr || e == nullptr || modulus.size() > 1024 || exponent.size() > 8) return false;
  if (BN_num_bits(n.get()) < 2048 || BN_num_bits(n.get()) > 8192 || !BN_is_odd(e.get())) return false;
  const Builder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return false;
  return Verify(Build("RSA", builder), message, signature);
}

bool VerifyEs256(std::string_view x, std::string_view y, std::string_view message, std::string_view signature) {
  if (x.size() != 32 || y.size() != 32 || signature.size() != 64) return false;
  const std::string point = std::string(1, '\4') + std::string(x) + std::string(y);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return false;
  // OpenSSL wants the DER form of r and s.
  const std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  Number r = ToNumber(signature.substr(0, 32)), s = ToNumber(signature.substr(32));
  if (pair == nullptr || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return false;
  r.release();
  s.release();
  unsigned char der[80];
  unsigned char* end = der;
  if (i2d_ECDSA_SIG(pair.get(), nullptr) > static_cast<int>(sizeof der)) return false;
  const int size = i2d_ECDSA_SIG(pair.get(), &end);
  return size > 0 && Verify(Build("EC", builder), message,
                            std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)));
}

}  // namespace aloft::crypto
