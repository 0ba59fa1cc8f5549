// OpenSSL's own types, for the sources of this room only.
#pragma once

#include <openssl/types.h>

#include "foundation/crypto/hash.h"

namespace aloft::crypto::internal {

inline constexpr std::size_t kDigests = 6;  // the last is kSha224

// std::unique_ptr<BIGNUM, Freer<BN_free>>
template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

// Fetched once, never freed.
const EVP_MD* Fetched(Digest digest);

}  // namespace aloft::crypto::internal
