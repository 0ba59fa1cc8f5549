// AES-256-GCM: bytes that only the key opens, and that nobody changes unseen.
//
// A nonce must never repeat under one key; callers take 12 random bytes and change the key long before 2^32 uses.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"
#include "foundation/base/result.h"
#include "foundation/crypto/errors.h"

namespace aloft::crypto {

inline constexpr std::size_t kAeadKeySize = 32;
inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;

// ciphertext followed by the tag. `key` and `nonce` have the sizes above. `associated` is covered, not hidden.
std::string AeadSeal(std::string_view key, std::string_view nonce, std::string_view plaintext,
                     std::string_view associated);
// kSealBroken where key, nonce, ciphertext or associated data are not those of the seal.
Result<std::string> AeadOpen(std::string_view key, std::string_view nonce, std::string_view sealed,
                             std::string_view associated);

// One key, many messages: the key is prepared once, and bytes may be sealed and opened where they lie (`out` may be
// `in`). The same sizes as above. Not thread-safe.
class Aead {
 public:
  explicit Aead(std::string_view key);
  Aead(Aead&&) noexcept;
  ~Aead();

  // Writes in.size() bytes to `out` and the tag.
  void Seal(std::string_view nonce, std::string_view associated, ByteView in, std::uint8_t* out,
            std::span<std::uint8_t, kAeadTagSize> tag);
  // False where the tag does not hold; `out` is then zeroed.
  bool Open(std::string_view nonce, std::string_view associated, ByteView in, std::uint8_t* out,
            std::span<const std::uint8_t, kAeadTagSize> tag);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace aloft::crypto
