// The document column of an endpoint's record: JSON, versioned (docs/formats/serving.md).
#pragma once

#include <string>

#include "foundation/base/result.h"
#include "services/serving/endpoints/types.h"

namespace aloft::serving {

std::string WriteDocument(const Endpoint& endpoint);
// Into the members that the document holds; `endpoint.name` is known already. kCorrupt.
Status ReadDocument(const std::string& text, Endpoint& endpoint);

}  // namespace aloft::serving
