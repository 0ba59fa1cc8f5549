// Why bytes or a signature were refused. Each API maps these to its own wire names.
#pragma once

#include "foundation/base/error.h"

namespace aloft::crypto {

inline constexpr Reason kNoSignature{ErrorKind::kUnauthenticated, "NoSignature"};
inline constexpr Reason kMalformedAuthorization{ErrorKind::kInvalid, "MalformedAuthorization"};
inline constexpr Reason kUnsupportedSignature{ErrorKind::kInvalid, "UnsupportedSignature"};
inline constexpr Reason kSignatureMismatch{ErrorKind::kDenied, "SignatureMismatch"};
inline constexpr Reason kRequestTimeTooSkewed{ErrorKind::kDenied, "RequestTimeTooSkewed"};
inline constexpr Reason kPresignExpired{ErrorKind::kDenied, "PresignExpired"};
inline constexpr Reason kHeadersNotSigned{ErrorKind::kDenied, "HeadersNotSigned"};
inline constexpr Reason kPayloadMismatch{ErrorKind::kInvalid, "PayloadMismatch"};
inline constexpr Reason kMissingPayloadHash{ErrorKind::kInvalid, "MissingPayloadHash"};
inline constexpr Reason kSealBroken{ErrorKind::kCorrupt, "SealBroken"};  // AEAD: forged, damaged, or another key
inline constexpr Reason kBadCertificate{ErrorKind::kInvalid, "BadCertificate"};  // PEM that cannot be read
inline constexpr Reason kCryptoFailed{ErrorKind::kInternal, "CryptoFailed"};     // the library refused

inline constexpr Reason kReasons[] = {kNoSignature,       kMalformedAuthorization, kUnsupportedSignature,
                                      kSignatureMismatch, kRequestTimeTooSkewed,   kPresignExpired,
                                      kHeadersNotSigned,  kPayloadMismatch,        kMissingPayloadHash,
                                      kSealBroken,        kBadCertificate,         kCryptoFailed};

}  // namespace aloft::crypto
