// Why the keyring refused. The API never shows these to a caller by name.
#pragma once

#include "foundation/base/error.h"

namespace aloft::keys {

inline constexpr Reason kRootKeyUnsafe{ErrorKind::kDenied, "RootKeyUnsafe"};     // others can read the file
inline constexpr Reason kRootKeyInvalid{ErrorKind::kCorrupt, "RootKeyInvalid"};  // not a root key file
// The file's key cannot be had: another passphrase, token or key service than the one that hid it, or none configured.
inline constexpr Reason kRootKeyLocked{ErrorKind::kDenied, "RootKeyLocked"};
inline constexpr Reason kSealInvalid{ErrorKind::kCorrupt, "SealInvalid"};  // forged, damaged, another context or key

inline constexpr Reason kReasons[] = {kRootKeyUnsafe, kRootKeyInvalid, kRootKeyLocked, kSealInvalid};

}  // namespace aloft::keys
