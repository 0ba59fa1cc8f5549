// Generated structs <-> the bodies of Smithy RPC v2 CBOR.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/shapes/shape.h"

namespace aloft::shapes {

// An empty text is an empty map. Members that are null or that the model does not know are ignored. kSerialization
// where the types are not the shape's.
Status DecodeCbor(const Shape& shape, std::string_view bytes, void* out);
// Appends.
void EncodeCbor(const Shape& shape, const void* value, std::string& out);

}  // namespace aloft::shapes
