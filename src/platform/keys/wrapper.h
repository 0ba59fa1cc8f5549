// What hides the root key file where the file alone must not be enough: a passphrase, a hardware token, a key service.
//
// A wrapper makes a 32-byte key and a recipe, one line of text that is no secret and from which, with what only the
// wrapper has, the key is made again. The file's content is sealed under that key.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/random.h"
#include "foundation/base/result.h"

namespace aloft::keys {

class Wrapper {
 public:
  struct Made {
    std::string key;     // 32 bytes; wipe after use
    std::string recipe;  // printable, without spaces at its ends or line breaks
  };

  virtual ~Wrapper() = default;
  virtual std::string_view scheme() const = 0;  // "passphrase", "pkcs11", "kms"
  // A new key each time. Both may block for as long as the token or the service takes; kRootKeyLocked, kUnavailable.
  virtual Result<Made> Make(Random& random) = 0;
  virtual Result<std::string> Open(std::string_view recipe) = 0;
};

// scrypt with 64 MiB. An empty or short (under 12 bytes) passphrase is kInvalidArgument.
Result<std::unique_ptr<Wrapper>> MakePassphraseWrapper(std::string passphrase);

// An AES key inside a PKCS#11 token, made there where it is absent and never taken out of it.
struct Pkcs11Options {
  std::string module;  // the path of the vendor's library
  std::string token;   // the token's label
  std::string pin;
  std::string key_label = "aloft-root";
};
Result<std::unique_ptr<Wrapper>> MakePkcs11Wrapper(Pkcs11Options options);

// Another key service: `call` sends one signed KMS request ("TrentService.Decrypt", JSON) and returns the answer's
// JSON.
using KmsCall = std::function<Result<std::string>(std::string_view operation, std::string_view body)>;
std::unique_ptr<Wrapper> MakeKmsWrapper(std::string key_id, KmsCall call);

}  // namespace aloft::keys
