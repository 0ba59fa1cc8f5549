// The root of trust of an installation: every secret at rest is sealed under it.
//
//   ALOFT_ASSIGN(auto keyring, Keyring::OpenFile(data_directory + "/keys/root.key", random));
//   std::string sealed = keyring->Seal(secret, "identity/access-key/" + id);
//   ALOFT_ASSIGN(std::string secret, keyring->Open(sealed, "identity/access-key/" + id));
//
// `context` says what the secret is for; a seal opens only under the context it was made with, so it cannot be moved
// to another record. Formats: docs/formats/keys.md. Thread-safe; nothing blocks after OpenFile.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "platform/keys/errors.h"

namespace aloft::keys {

class Keyring {
 public:
  // Reads the root key, or makes one (mode 0600, durably) where the file is absent; its directory is made with 0700.
  // kRootKeyUnsafe where group or others have any right on the file, kRootKeyInvalid where it is not a root key.
  static Result<std::unique_ptr<Keyring>> OpenFile(const std::string& path, Random& random);
  // A keyring that lives in memory only: for tests and tools.
  static std::unique_ptr<Keyring> Ephemeral(Random& random);
  ~Keyring();

  // Binary, 37 bytes longer than the plaintext; never twice the same.
  std::string Seal(std::string_view plaintext, std::string_view context) const;
  // kSealInvalid where it was not sealed by this keyring for this context, unchanged.
  Result<std::string> Open(std::string_view sealed, std::string_view context) const;

  // A secret for one purpose, the same at each start: HKDF of the root. 32 bytes.
  std::string Derive(std::string_view purpose) const;

 private:
  struct State;
  explicit Keyring(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace aloft::keys
