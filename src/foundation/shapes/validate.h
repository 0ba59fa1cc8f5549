// Holds a struct against its model: required members, lengths, ranges, patterns, enums, unions. The message is AWS's:
//
//   1 validation error detected: Value 'a b' at 'trainingJobName' failed to satisfy constraint: Member must satisfy
//   regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}
//
// Several are joined with "; ". Values of sensitive shapes are not shown. Enums of open shapes (instance types) are not
// enforced; a pattern that RE2 cannot express stands, with what replaces it, in models/<service>.toml.
#pragma once

#include <string_view>

#include "foundation/base/result.h"
#include "foundation/shapes/shape.h"

namespace aloft::shapes {

// Errors: kValidation. At most 10 violations are listed.
Status Validate(const Shape& shape, const void* value);

template <class T>
Status Validate(const T& value) {
  return Validate(ShapeOf<T>(), &value);
}

// Whether RE2 takes the pattern: a test holds every generated one against this.
bool IsUsablePattern(std::string_view pattern);

}  // namespace aloft::shapes
