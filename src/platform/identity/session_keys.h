// The condition keys of a request: those that follow from the caller and the clock, then those that the API added.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/identity/session.h"
#include "platform/policy/types.h"

namespace aloft::identity {

// Where an account stands: its organization's id, and the path from it down to the account, "o-a/r-b/ou-c/". Both
// empty: in none.
struct Placement {
  std::string organization{};
  std::string path{};
};
using PlacementOf = std::function<Result<Placement>(const std::string& account)>;

// The keys that the API added: at hand, or made when a condition first asks. What it refers to outlives it.
class RequestKeys {
 public:
  explicit RequestKeys(const Context& context) : context_(&context) {}
  explicit RequestKeys(const std::function<Context()>& make) : make_(&make) {}
  const Context& Get() const {
    if (context_ == nullptr) context_ = &made_.emplace((*make_)());
    return *context_;
  }

 private:
  mutable const Context* context_ = nullptr;
  const std::function<Context()>* make_ = nullptr;
  mutable std::optional<Context> made_;
};

// For one decision on one thread. What follows from the session and the resource cannot be overridden by `request`.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
class SessionKeys final : public policy::Keys {
 public:
  // `principal_tags` are those of the user or role; the session's own come before them. `facts` may be null.
  // Without `placement` no account is in an organization.
  SessionKeys(const Session& session, const std::map<std::string, std::string>* principal_tags, RequestKeys request,
              Time now, const ResourceFacts* facts = nullptr, PlacementOf placement = {})
      : session_(session),
        principal_tags_(principal_tags),
        request_(std::move(request)),
        now_(now),
        facts_(facts),
        placement_(std::move(placement)) {}

  SessionKeys(const Session& session, const std::map<std::string, std::string>* principal_tags, const Context& context,
              Time now, const ResourceFacts* facts = nullptr, PlacementOf placement = {})
      : SessionKeys(session, principal_tags, RequestKeys(context), now, facts, std::move(placement)) {}

  std::span<const std::string> Find(std::string_view key) const override;

  // Something that a condition asked for could not be read; the decision must be no.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  std::span<const std::string> OfCaller(std::string_view key, bool& known) const;
  std::span<const std::string> OfRequest(std::string_view key) const;
  std::span<const std::string> OfOrganization(std::string_view key) const;
  std::span<const std::string> Keep(std::string value) const;
  std::span<const std::string> Tag(std::string_view name) const;

  const Session& session_;
  const std::map<std::string, std::string>* principal_tags_;
  const RequestKeys request_;
  const Time now_;
  const ResourceFacts* const facts_;
  const PlacementOf placement_;
  mutable std::map<std::string, std::string, std::less<>> made_;  // what was computed, by key
  mutable std::string_view making_;
  mutable std::optional<Context> late_;
  mutable std::optional<Error> failure_;
};

}  // namespace aloft::identity
