// Whom a role's trust names. Private to the room.
#pragma once

#include <map>
#include <string>

#include "platform/identity/state.h"

namespace aloft::directory {

// The unique ids of the users and roles of this installation that the trust names by ARN. AWS stores the ids instead of
// the ARNs, so that whoever gets the name later does not inherit the trust; we store both and compare.
// kMalformedPolicyDocument where one that must be here is not.
Result<std::map<std::string, std::string>> ResolveTrust(sql::Reader& reader, const std::string& document);

}  // namespace aloft::directory
