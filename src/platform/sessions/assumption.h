// What every way into a role shares: session tags, passed policies, source identity, duration. Private to the room.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "generated/shapes/sts/tokens.h"
#include "platform/identity/state.h"

namespace aloft::sessions {

using Tags = std::map<std::string, std::string>;

// The documents that a request passes: its own and those it names.
struct Passed {
  std::vector<std::string> documents;
  std::size_t size = 0;
};
Result<Passed> ReadPassed(identity::Service::State& state, const AccountId& account,
                          const std::optional<std::string>& policy,
                          const std::optional<std::vector<shapes::sts::PolicyDescriptorType>>& arns, const Tags& tags);
// What a session may pass of 2048 bytes, in percent.
std::int32_t PackedSize(const Passed& passed);

Result<Tags> ReadSessionTags(const std::optional<std::vector<shapes::sts::Tag>>& tags);

// What one assumption asks for beside the role.
struct Assumption {
  std::string session_name;
  std::string source_identity;               // of the request or of the calling session
  Tags tags;                                 // with those that the calling session passes on
  std::vector<std::string> transitive_tags;  // keys
  bool sets_tags = false;                    // the request itself passes some
};
// The keys that trust and identity policies may ask about it: sts:RoleSessionName, aws:RequestTag/.., ...
void AddTo(identity::Context& context, const Assumption& assumption);

// 900 seconds to the role's maximum.
Result<std::chrono::seconds> ReadDuration(const std::optional<std::int32_t>& seconds, const identity::Entity& role,
                                          bool chained);

// A session of the role with what the assumption brings, and its credentials.
identity::TemporaryCredentials IssueSession(identity::Service::State& state, identity::Session session,
                                            const Assumption& assumption, std::chrono::seconds valid_for,
                                            const Passed& passed);

shapes::sts::Credentials Show(const identity::TemporaryCredentials& issued);

// The trust named this ARN when another principal bore it: whoever bears it now is a stranger to the role.
bool TrustsAnother(const identity::Entity& role, const std::string& arn, std::string_view id);

}  // namespace aloft::sessions
