#include "foundation/crypto/scrypt.h"

#include <openssl/evp.h>

namespace aloft::crypto {

Result<std::string> Scrypt(std::string_view password, std::string_view salt, const ScryptCost& cost, std::size_t size) {
  constexpr std::uint64_t kMostMemory = 256u << 20;
  std::string key(size, '\0');
  const int done =
      EVP_PBE_scrypt(password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                     cost.n, cost.r, cost.p, kMostMemory, reinterpret_cast<unsigned char*>(key.data()), key.size());
  if (done != 1) return Fail(kInvalidArgument, "these costs of scrypt are not possible");
  return key;
}

}  // namespace aloft::crypto
