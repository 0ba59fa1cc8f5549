// The hosts of a job: their names, their groups, and what each is told of the others.
#pragma once

#include <string>
#include <vector>

#include "platform/compute/task.h"
#include "services/jobs/types.h"

namespace aloft::jobs {

inline constexpr char kHomogeneous[] = "homogeneousCluster";  // the group of jobs that name none

// Hosts of one instance type. Names count on over the groups: algo-1, algo-2, ...
struct HostGroup {
  std::string name, instance_type;
  int count = 1;
};
using HostGroups = std::vector<HostGroup>;

int CountHosts(const HostGroups& groups);
// The group of that host, which counts from 0.
const HostGroup& GroupOf(const HostGroups& groups, int host);
// The names of a group's hosts.
std::vector<std::string> HostsOf(const HostGroups& groups, const std::string& group);

// resourceconfig.json, as the SageMaker toolkits read it.
std::string ResourceConfigFile(const HostGroups& groups, int host);

// What the job and its host decide: id, host name, place in the queue and, where there are several hosts, the gang.
void PlaceHost(compute::TaskSpec& spec, std::string_view kind, const Job& job, int host, int hosts);

}  // namespace aloft::jobs
