// Why serving refuses.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace aloft::serving {

// On the wire ValidationException (runtime: ValidationError); clients tell them apart by the message.
inline constexpr Reason kNoSuchEndpointConfig{ErrorKind::kNotFound, "NoSuchEndpointConfig"};
inline constexpr Reason kEndpointConfigExists{ErrorKind::kAlreadyExists, "EndpointConfigExists"};
inline constexpr Reason kBadEndpointConfig{ErrorKind::kInvalid, "BadEndpointConfig"};
inline constexpr Reason kNoSuchEndpoint{ErrorKind::kNotFound, "NoSuchEndpoint"};
inline constexpr Reason kEndpointExists{ErrorKind::kAlreadyExists, "EndpointExists"};
inline constexpr Reason kEndpointBusy{ErrorKind::kConflict, "EndpointBusy"};  // an update is running
inline constexpr Reason kNoSuchVariant{ErrorKind::kInvalid, "NoSuchVariant"};
inline constexpr Reason kNotBuilt{ErrorKind::kUnimplemented, "NotBuilt"};

inline constexpr Reason kNoSuchComponent{ErrorKind::kNotFound, "NoSuchInferenceComponent"};
inline constexpr Reason kComponentExists{ErrorKind::kAlreadyExists, "InferenceComponentExists"};
inline constexpr Reason kBadComponent{ErrorKind::kInvalid, "BadInferenceComponent"};
// On the wire ResourceLimitExceeded: the copies of components do not fit on the endpoint's instances.
inline constexpr Reason kNoRoom{ErrorKind::kExhausted, "NoRoomOnInstances"};

inline constexpr Reason kNotAsync{ErrorKind::kInvalid, "EndpointNotAsync"};

// Of an invocation.
inline constexpr Reason kEndpointNotReady{ErrorKind::kUnavailable, "EndpointNotReady"};  // no worker answers now
inline constexpr Reason kEndpointNotInService{ErrorKind::kInvalid, "EndpointNotInService"};
inline constexpr Reason kTooManyInvocations{ErrorKind::kThrottled, "TooManyInvocations"};
inline constexpr Reason kBadTarget{ErrorKind::kInvalid, "BadTarget"};  // a target the endpoint does not have or lacks
inline constexpr Reason kModelNotReady{ErrorKind::kThrottled, "ModelNotReady"};  // is still brought or loaded

inline constexpr Reason kReasons[] = {kNoSuchEndpointConfig,
                                      kEndpointConfigExists,
                                      kBadEndpointConfig,
                                      kNoSuchEndpoint,
                                      kEndpointExists,
                                      kEndpointBusy,
                                      kNoSuchVariant,
                                      kNotBuilt,
                                      kNotAsync,
                                      kEndpointNotReady,
                                      kEndpointNotInService,
                                      kTooManyInvocations,
                                      kBadTarget,
                                      kModelNotReady,
                                      kNoSuchComponent,
                                      kComponentExists,
                                      kBadComponent,
                                      kNoRoom};

inline Error NotBuilt(std::string_view what) {
  return Fail(kNotBuilt, "NotImplemented: " + std::string(what) + " is not built in this Aloft.");
}

}  // namespace aloft::serving
