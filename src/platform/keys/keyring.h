// The root of trust of an installation: every secret at rest is sealed under it.
//
//   ALOFT_ASSIGN(auto keyring, Keyring::OpenFile(data_directory + "/keys/root.key", random));
//   std::string sealed = keyring->Seal(secret, "identity/access-key/" + id);
//   ALOFT_ASSIGN(std::string secret, keyring->Open(sealed, "identity/access-key/" + id));
//
// `context` says what the secret is for; a seal opens only under the context it was made with, so it cannot be moved
// to another record. Formats: docs/formats/keys.md. Thread-safe; Seal and Derive never block, Open reads the file again
// where a seal names a key that came after the last reading (another replica rotated).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "platform/keys/errors.h"
#include "platform/keys/wrapper.h"

namespace aloft::keys {

struct KeyringStatus {
  std::string scheme;            // "file", "passphrase", "pkcs11", "kms"
  std::vector<std::string> ids;  // 8 hexadecimal digits each, the newest first
};

class Keyring {
 public:
  // Reads the root key, or makes one (mode 0600, durably) where the file is absent; its directory is made with 0700.
  // With a `wrapper` the file is hidden by it: a plain one is rewritten so. kRootKeyUnsafe where group or others have
  // any right on the file, kRootKeyInvalid where it is not a root key, kRootKeyLocked where it does not open.
  static Result<std::unique_ptr<Keyring>> OpenFile(const std::string& path, Random& random,
                                                   std::unique_ptr<Wrapper> wrapper = nullptr);
  // A keyring that lives in memory only: for tests and tools.
  static std::unique_ptr<Keyring> Ephemeral(Random& random);
  ~Keyring();

  // Binary, 37 bytes longer than the plaintext; never twice the same.
  std::string Seal(std::string_view plaintext, std::string_view context) const;
  // kSealInvalid where it was not sealed by this keyring for this context, unchanged.
  Result<std::string> Open(std::string_view sealed, std::string_view context) const;
  // Whether the newest key sealed it; if not, opening and sealing it anew makes it so.
  bool IsCurrent(std::string_view sealed) const;

  // A secret for one purpose, the same at each start and after each rotation: HKDF of the oldest root. 32 bytes.
  std::string Derive(std::string_view purpose) const;

  // A new key seals from now on; old ones go on opening. The file is written anew under a new wrapping, as one step:
  // whenever the process dies, the file is the old one or the new. Blocks for the disk and the wrapper.
  Status Rotate();
  KeyringStatus GetStatus() const;

 private:
  struct State;
  explicit Keyring(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace aloft::keys
