#include "foundation/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>

#include "foundation/base/bytes.h"
#include "foundation/base/check.h"
#include "foundation/crypto/evp.h"
#include "foundation/crypto/sha256.h"
#include "foundation/crypto/wipe.h"

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
  std::array<std::uint8_t, internal::kSha256Size> out;
  internal::HmacSha256Into(key, text, out);
  return std::string(AsText(out));
}

std::string DeriveKey(std::string_view key, std::string_view salt, std::string_view info, std::size_t size) {
  ALOFT_CHECK(size <= 255 * 32);
  static constexpr std::array<std::uint8_t, internal::kSha256Size> kNoSalt{};
  std::array<std::uint8_t, internal::kSha256Size> extracted, block;
  internal::HmacSha256Into(salt.empty() ? AsText(kNoSalt) : salt, key, extracted);
  std::string out, text;
  out.reserve(size + block.size());
  for (unsigned char counter = 1; out.size() < size; ++counter) {
    text.append(info).push_back(static_cast<char>(counter));
    internal::HmacSha256Into(AsText(extracted), text, block);
    text.assign(AsText(block));
    out.append(text);
  }
  out.resize(size);
  Wipe(extracted);
  Wipe(block);
  Wipe(text);
  return out;
}

}  // namespace aloft::crypto
