// For tests: an account with an administrator, who makes users and roles through the directory's own operations.
#pragma once

#include <string>

#include "platform/directory/roles.h"
#include "platform/directory/users.h"
#include "platform/identity/testing_identity.h"

namespace aloft::directory {

class DirectoryFixture : protected identity::IdentityFixture {
 protected:
  // `more` are the schemas of rooms that stand on identity.
  DirectoryFixture(sql::Engine engine, std::span<const sql::Migration> more)
      : IdentityFixture(engine, more), admin_(Administrator()) {}

  identity::Entity NewUser(const std::string& name) {
    EXPECT_TRUE(users_.CreateUser(admin_, {.user_name = name}).ok());
    return Get(identity::EntityKind::kUser, name);
  }
  identity::Entity NewRole(const std::string& name, const std::string& trust) {
    const auto made = roles_.CreateRole(admin_, {.role_name = name, .assume_role_policy_document = trust});
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : Describe(made.error()));
    return Get(identity::EntityKind::kRole, name);
  }
  identity::Entity Get(identity::EntityKind kind, const std::string& name) {
    const auto found = database_->Read(
        [&](sql::Reader& reader) { return identity::records::Find(reader, identity::kAccount, kind, name); });
    return found.value().value();
  }
  bool May(const identity::Session& session, const char* action) {
    return service().Authorize(session, action, "*", {}).allowed;
  }

  identity::Session admin_;
  Users users_{service()};
  Roles roles_{service()};
};

}  // namespace aloft::directory
