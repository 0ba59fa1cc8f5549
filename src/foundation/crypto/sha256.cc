#include "foundation/crypto/sha256.h"

// Not the way for new programs, says OpenSSL 3, because providers cannot replace it; it is the one without a context on
// the heap. The instructions used are the same.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "foundation/base/check.h"
#include "foundation/crypto/wipe.h"

namespace aloft::crypto::internal {
namespace {

constexpr std::size_t kBlock = 64;

void Update(SHA256_CTX& context, std::string_view text) {
  ALOFT_CHECK(SHA256_Update(&context, text.data(), text.size()) == 1);
}

// RFC 2104: the key as one block, every byte changed by `pad`.
void BeginPadded(SHA256_CTX& context, const std::array<std::uint8_t, kBlock>& key, std::uint8_t pad) {
  std::array<std::uint8_t, kBlock> block;
  for (std::size_t i = 0; i < kBlock; ++i) block[i] = key[i] ^ pad;
  ALOFT_CHECK(SHA256_Init(&context) == 1 && SHA256_Update(&context, block.data(), block.size()) == 1);
  Wipe(block);
}

}  // namespace

void Sha256Into(std::string_view text, std::span<std::uint8_t, kSha256Size> out) {
  SHA256_CTX context;
  ALOFT_CHECK(SHA256_Init(&context) == 1);
  Update(context, text);
  ALOFT_CHECK(SHA256_Final(out.data(), &context) == 1);
}

void HmacSha256Into(std::string_view key, std::string_view text, std::span<std::uint8_t, kSha256Size> out) {
  std::array<std::uint8_t, kBlock> block{};
  if (key.size() > kBlock)
    Sha256Into(key, std::span<std::uint8_t, kSha256Size>(block.data(), kSha256Size));
  else
    std::copy(key.begin(), key.end(), block.begin());
  SHA256_CTX context;
  std::array<std::uint8_t, kSha256Size> inner;
  BeginPadded(context, block, 0x36);
  Update(context, text);
  ALOFT_CHECK(SHA256_Final(inner.data(), &context) == 1);
  BeginPadded(context, block, 0x5c);
  ALOFT_CHECK(SHA256_Update(&context, inner.data(), inner.size()) == 1 && SHA256_Final(out.data(), &context) == 1);
  Wipe(block);
  Wipe(&context, sizeof context);
}

}  // namespace aloft::crypto::internal
