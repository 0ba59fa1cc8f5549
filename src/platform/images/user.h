// Whom an image runs as: its USER, resolved by its own /etc/passwd and /etc/group.
#pragma once

#include <string>

#include "foundation/base/result.h"

namespace aloft::images {

struct User {
  unsigned uid = 0, gid = 0;
  std::string home = "/";
};

// `root`: the image's directory. kBadImage where the image names a user that it does not have.
Result<User> ResolveUser(const std::string& root, const std::string& user);

}  // namespace aloft::images
