// The condition keys of a request: those that follow from the caller and the clock, then those that the API added.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/identity/policy.h"
#include "platform/identity/session.h"

namespace aloft::identity {

// For one decision on one thread. What follows from the session cannot be overridden by `context`.
class SessionKeys final : public Keys {
 public:
  // `principal_tags` are those of the user or role; the session's own come before them.
  SessionKeys(const Session& session, const std::map<std::string, std::string>* principal_tags, const Context& context,
              Time now)
      : session_(session), principal_tags_(principal_tags), context_(context), now_(now) {}

  std::span<const std::string> Find(std::string_view key) const override;

 private:
  std::span<const std::string> Keep(std::string value) const;
  std::span<const std::string> Tag(std::string_view name) const;

  const Session& session_;
  const std::map<std::string, std::string>* principal_tags_;
  const Context& context_;
  const Time now_;
  mutable std::map<std::string, std::string, std::less<>> made_;  // what was computed, by key
  mutable std::string_view making_;
};

}  // namespace aloft::identity
