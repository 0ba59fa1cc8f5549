#include "foundation/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>

#include "foundation/base/check.h"
#include "foundation/crypto/evp.h"

namespace aloft::crypto {
namespace {

// HMAC() fetches its algorithm anew for each code, which costs more than the code of a short text does. So a thread
// keeps a context per digest; only the key is set again.
EVP_MAC_CTX* ContextOf(Digest digest) {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  thread_local std::array<std::unique_ptr<EVP_MAC_CTX, internal::Freer<EVP_MAC_CTX_free>>, internal::kDigests> contexts;
  auto& context = contexts[static_cast<std::size_t>(digest)];
  if (!context) {
    context.reset(EVP_MAC_CTX_new(mac));
    // OpenSSL's parameters are not const, and it only reads them here.
    auto* name = const_cast<char*>(EVP_MD_get0_name(internal::Fetched(digest)));
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    ALOFT_CHECK(context && EVP_MAC_CTX_set_params(context.get(), parameters) == 1);
  }
  return context.get();
}

}  // namespace

std::string Hmac(Digest digest, std::string_view key, std::string_view text) {
  std::string out(DigestSize(digest), '\0');
  EVP_MAC_CTX* context = ContextOf(digest);
  // An empty key is legal, a null one is not.
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.empty() ? "" : key.data());
  std::size_t size = 0;
  ALOFT_CHECK(EVP_MAC_init(context, bytes, key.size(), nullptr) == 1 &&
              EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1 &&
              EVP_MAC_final(context, reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) == 1 &&
              size == out.size());
  return out;
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  return Hmac(Digest::kSha256, key, text);
}

std::string DeriveKey(std::string_view key, std::string_view salt, std::string_view info, std::size_t size) {
  ALOFT_CHECK(size <= 255 * 32);
  const std::string extracted = HmacSha256(salt.empty() ? std::string(32, '\0') : std::string(salt), key);
  std::string out, block;
  for (unsigned char counter = 1; out.size() < size; ++counter) {
    block.append(info);
    block.push_back(static_cast<char>(counter));
    block = HmacSha256(extracted, block);
    out.append(block);
  }
  out.resize(size);
  return out;
}

}  // namespace aloft::crypto
