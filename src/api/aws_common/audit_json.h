// A request or an answer as the audit log keeps it: CloudTrail's spelling (userName), without secrets and bodies.
#pragma once

#include <string>
#include <string_view>

#include "foundation/shapes/shape.h"

namespace aloft::api {

// What stands where a value may be secret: sensitive members, and whatever a name gives away (passwords, tokens,
// secrets, the values of environments).
inline constexpr std::string_view kHidden = "HIDDEN_DUE_TO_SECURITY_REASONS";

// A JSON object, at most about 16 KiB: what does not fit is left out and "truncated": true says so. Blobs are left out.
std::string AuditJson(const shapes::Shape& shape, const void* value);

// Whether a member or a map's key of this name may hold a secret.
bool MayBeSecret(std::string_view name);

}  // namespace aloft::api
