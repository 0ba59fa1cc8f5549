// Why a request could not be read as its struct.
#pragma once

#include "foundation/base/error.h"

namespace aloft::shapes {

// Bytes or types that are not what the operation takes. On the wire: SerializationException and its kin.
inline constexpr Reason kSerialization{ErrorKind::kInvalid, "Serialization"};
// A member is missing or breaks a constraint of the model. On the wire: ValidationException, ValidationError.
inline constexpr Reason kValidation{ErrorKind::kInvalid, "Validation"};

}  // namespace aloft::shapes
