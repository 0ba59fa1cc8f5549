#include "foundation/crypto/hmac.h"

#include <openssl/hmac.h>

#include "foundation/base/check.h"
#include "foundation/crypto/evp.h"

namespace aloft::crypto {

std::string Hmac(Digest digest, std::string_view key, std::string_view text) {
  std::string out(DigestSize(digest), '\0');
  // An empty key is legal, a null one is not.
  const char* bytes = key.empty() ? "" : key.data();
  ALOFT_CHECK(HMAC(internal::Fetched(digest), bytes, static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                   reinterpret_cast<unsigned char*>(out.data()), nullptr) != nullptr);
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
