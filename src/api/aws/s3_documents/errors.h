// Why a document is refused. The names are S3's own codes.
#pragma once

#include "foundation/base/error.h"

namespace aloft::api::s3::documents {

inline constexpr Reason kMalformedXml{ErrorKind::kInvalid, "S3MalformedXML"};
inline constexpr Reason kInvalidValue{ErrorKind::kInvalid, "S3InvalidArgument"};  // InvalidArgument
inline constexpr Reason kInvalidRequest{ErrorKind::kInvalid, "S3InvalidRequest"};
inline constexpr Reason kMalformedPolicy{ErrorKind::kInvalid, "MalformedPolicy"};
inline constexpr Reason kMalformedAcl{ErrorKind::kInvalid, "MalformedACLError"};
inline constexpr Reason kUnresolvableGrant{ErrorKind::kInvalid, "UnresolvableGrantByEmailAddress"};
inline constexpr Reason kInvalidTagging{ErrorKind::kInvalid, "S3InvalidTag"};
inline constexpr Reason kNotImplemented{ErrorKind::kUnimplemented, "S3NotImplemented"};
inline constexpr Reason kInvalidForm{ErrorKind::kInvalid, "InvalidPolicyDocument"};  // of a POST form
inline constexpr Reason kFormDenied{ErrorKind::kDenied, "PostFormDenied"};           // its conditions do not hold
inline constexpr Reason kFormTooLarge{ErrorKind::kInvalid, "PostFormTooLarge"};
inline constexpr Reason kFormTooSmall{ErrorKind::kInvalid, "PostFormTooSmall"};

inline constexpr Reason kReasons[] = {kMalformedXml, kInvalidValue,      kInvalidRequest, kMalformedPolicy,
                                      kMalformedAcl, kUnresolvableGrant, kInvalidTagging, kNotImplemented,
                                      kInvalidForm,  kFormDenied,        kFormTooLarge,   kFormTooSmall};

}  // namespace aloft::api::s3::documents
