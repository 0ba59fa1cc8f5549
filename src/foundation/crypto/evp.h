// OpenSSL's own types, for the sources of this room only.
#pragma once

#include <openssl/types.h>

#include "foundation/crypto/hash.h"

namespace aloft::crypto::internal {

// Fetched once, never freed.
const EVP_MD* Fetched(Digest digest);

}  // namespace aloft::crypto::internal
