// Why models refuses. On the wire every one is a ValidationException; clients tell them apart by the message.
#pragma once

#include "foundation/base/error.h"

namespace aloft::models {

inline constexpr Reason kNoSuchModel{ErrorKind::kNotFound, "NoSuchModel"};
inline constexpr Reason kModelExists{ErrorKind::kAlreadyExists, "ModelExists"};
// A combination of members that the model description cannot express.
inline constexpr Reason kBadModel{ErrorKind::kInvalid, "BadModel"};
// The archive is absent, or the role may not read it.
inline constexpr Reason kModelDataNotReadable{ErrorKind::kInvalid, "ModelDataNotReadable"};
inline constexpr Reason kBadPageToken{ErrorKind::kInvalid, "BadPageToken"};
inline constexpr Reason kNotBuilt{ErrorKind::kUnimplemented, "NotBuilt"};

inline constexpr Reason kReasons[] = {kNoSuchModel,          kModelExists,  kBadModel,
                                      kModelDataNotReadable, kBadPageToken, kNotBuilt};

}  // namespace aloft::models
