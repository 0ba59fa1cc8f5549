// Why a web identity was refused. The names are STS's.
#pragma once

#include "foundation/base/error.h"

namespace aloft::federation {

inline constexpr Reason kInvalidIdentityToken{ErrorKind::kInvalid, "InvalidIdentityToken"};
inline constexpr Reason kExpiredIdentityToken{ErrorKind::kInvalid, "ExpiredTokenException"};
// The issuer could not be asked; a later attempt may succeed.
inline constexpr Reason kIssuerUnreachable{ErrorKind::kInvalid, "IDPCommunicationError"};
inline constexpr Reason kRejectedClaim{ErrorKind::kDenied, "IDPRejectedClaim"};

inline constexpr Reason kReasons[] = {kInvalidIdentityToken, kExpiredIdentityToken, kIssuerUnreachable, kRejectedClaim};

}  // namespace aloft::federation
