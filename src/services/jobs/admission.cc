#include "services/jobs/admission.h"

#include <charconv>

#include "platform/compute/errors.h"
#include "platform/compute/instance_types.h"
#include "services/jobs/errors.h"
#include "services/jobs/messages.h"
#include "services/jobs/quotas.h"

namespace aloft::jobs {
namespace {

// The caller's mistake is the job's; anything else is ours and may be tried again.
Status AsBadJob(Status status) {
  if (!status.ok() && status.error().kind() == ErrorKind::kInvalid)
    return Fail(kBadJob, status.error().message, status.error().detail);
  return status;
}

}  // namespace

Result<compute::Limits> LimitsOf(const std::string& instance_type, int volume_gib) {
  auto limits = compute::LimitsOf(instance_type, static_cast<std::uint64_t>(volume_gib) << 30);
  if (!limits.ok() && limits.error().reason == compute::kUnknownInstanceType)
    return Fail(kBadJob, limits.error().message);
  return limits;
}

Result<int> PriorityOf(const resources::Tags& tags) {
  auto found = tags.find(kPriorityTag);
  if (found == tags.end()) return 0;
  int priority = 0;
  const std::string& text = found->second;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), priority);
  if (error != std::errc() || end != text.data() + text.size() || priority < -100 || priority > 100)
    return Fail(kBadJob, std::string("The tag ") + kPriorityTag + " must be a number from -100 to 100.");
  return priority;
}

Status CheckCapacity(const compute::Capacity& capacity, std::vector<compute::Limits> others,
                     const compute::Limits& limits, const std::string& type, int count, const std::string& usage) {
  compute::Placement placement;
  int fitting = 0;
  for (; fitting < count; ++fitting) {
    placement = compute::Place(capacity, others, limits);
    if (placement.verdict != compute::Placement::Verdict::kStart) break;
    others.push_back(placement.granted);
  }
  if (fitting == count) return {};
  std::string room = std::to_string(fitting) + " Instances";
  return Fail(kTooLargeForHere, "The account-level service limit '" + type + " for " + usage + "' is " + room +
                                    ", with current utilization of 0 Instances and a request delta of " +
                                    std::to_string(count) + " Instances: this machine can never hold it (" +
                                    placement.reason + "). Use a smaller instance type" +
                                    (fitting > 0 ? " or fewer instances." : "."));
}

Status CheckQuota(const World& world, const identity::Session& session, const std::vector<compute::Limits>& hosts) {
  if (!world.quotas) return {};
  std::string why = compute::NeverWithin(*world.quotas->Get(), session.account.value(), OwnerOf(session), hosts);
  if (why.empty()) return {};
  return Fail(kTooLargeForHere, "The job can never run: " + why + ". See aloft quota list.");
}

Result<compute::Runtime> Resolve(const World& world, const std::string& image) {
  auto runtime = world.resolve(image);
  if (!runtime.ok() && runtime.error().reason == compute::kUnknownImage)
    return Fail(kBadJob, runtime.error().message, runtime.error().detail);
  return runtime;
}

Status CheckRole(const World& world, const identity::Session& session, const std::string& role_arn,
                 const std::string& job_arn) {
  Status role = world.check_role(session, role_arn, job_arn);
  if (!role.ok() && role.error().kind() == ErrorKind::kInvalid)
    return Fail(kBadJob, messages::CannotAssume(role_arn), Describe(role.error()));
  return role;
}

Status CheckInput(const World& world, const AccountId& account, const std::string& role_arn, const std::string& uri) {
  return AsBadJob(world.check_input(account, role_arn, uri));
}

}  // namespace aloft::jobs
