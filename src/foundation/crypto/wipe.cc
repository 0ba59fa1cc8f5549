#include "foundation/crypto/wipe.h"

#include <openssl/crypto.h>

namespace aloft::crypto {

void Wipe(void* bytes, std::size_t size) {
  if (size > 0) OPENSSL_cleanse(bytes, size);
}

}  // namespace aloft::crypto
