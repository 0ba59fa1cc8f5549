// Why a factor was refused. The names are IAM's where it has one.
#pragma once

#include "foundation/base/error.h"

namespace aloft::factors {

inline constexpr Reason kPasswordPolicyViolation{ErrorKind::kInvalid, "PasswordPolicyViolation"};
inline constexpr Reason kInvalidAuthenticationCode{ErrorKind::kDenied, "InvalidAuthenticationCode"};
// Wrong name, password or code: never which.
inline constexpr Reason kSignInFailed{ErrorKind::kDenied, "SignInFailed"};
inline constexpr Reason kTooManyAttempts{ErrorKind::kThrottled, "TooManyAttempts"};
inline constexpr Reason kPasswordExpired{ErrorKind::kDenied, "PasswordExpired"};

inline constexpr Reason kReasons[] = {kPasswordPolicyViolation, kInvalidAuthenticationCode, kSignInFailed,
                                      kTooManyAttempts, kPasswordExpired};

}  // namespace aloft::factors
