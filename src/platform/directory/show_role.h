// How a role looks in an answer. Private to the room.
#pragma once

#include "generated/shapes/iam/roles.h"
#include "platform/directory/common.h"

namespace aloft::directory {

shapes::iam::Role ShowRole(const Entity& role);
// The instance profiles of the account that hold the role.
Result<std::vector<Entity>> ProfilesOf(sql::Reader& reader, const Entity& role);

}  // namespace aloft::directory
