// What creating any kind of job checks of the world, before anything is written: a refused request leaves nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/compute/runtimes.h"
#include "platform/compute/schedule.h"
#include "platform/identity/session.h"
#include "services/jobs/types.h"
#include "services/resources/tags.h"

namespace aloft::jobs {

// What jobs ask of others; each function outlives who asks.
struct World {
  // The image's runtime: compute::RuntimeTable::Resolve.
  std::function<Result<compute::Runtime>(std::string_view image)> resolve;
  // That the caller's account has the role and SageMaker may assume it for the job: identity::CheckPassableFor.
  std::function<Status(const identity::Session&, const std::string& role_arn, const std::string& job_arn)> check_role;
  // That there is something under the prefix and the role may read it: staging::InputProbe::CheckPrefix.
  std::function<Status(const AccountId&, const std::string& role_arn, const std::string& s3_uri)> check_input;
  std::shared_ptr<const compute::QuotaBoard> quotas{};  // absent: none
};

// kBadJob for a type that there is not.
Result<compute::Limits> LimitsOf(const std::string& instance_type, int volume_gib);
// What the tag "aloft:priority" says: -100 to 100, 0 where there is none; waiting jobs of higher priority start first.
// kBadJob for anything else.
inline constexpr char kPriorityTag[] = "aloft:priority";
Result<int> PriorityOf(const resources::Tags& tags);
// That `count` hosts fit at once beside `others`, since they start together: kTooLargeForHere, with what is missing.
// `usage`: "training job usage".
Status CheckCapacity(const compute::Capacity& capacity, std::vector<compute::Limits> others,
                     const compute::Limits& limits, const std::string& type, int count, const std::string& usage);
// That the hosts of one job are not more than the quotas allow even when nothing else runs: kTooLargeForHere.
Status CheckQuota(const World& world, const identity::Session& session, const std::vector<compute::Limits>& hosts);
// kBadJob for an image that nothing stands for.
Result<compute::Runtime> Resolve(const World& world, const std::string& image);
// kBadJob in AWS's words.
Status CheckRole(const World& world, const identity::Session& session, const std::string& role_arn,
                 const std::string& job_arn);
Status CheckInput(const World& world, const AccountId& account, const std::string& role_arn, const std::string& uri);

}  // namespace aloft::jobs
