#include "services/jobs/hosts.h"

#include "foundation/codec/json.h"

namespace aloft::jobs {
namespace {

constexpr char kNetworkInterface[] = "eth0";

void WriteNames(codec::JsonWriter& json, const std::vector<std::string>& names) {
  json.BeginArray();
  for (const std::string& name : names) json.String(name);
  json.EndArray();
}

std::vector<std::string> Names(int first, int count) {
  std::vector<std::string> names;
  for (int host = first; host < first + count; ++host) names.push_back(HostName(host));
  return names;
}

}  // namespace

int CountHosts(const HostGroups& groups) {
  int count = 0;
  for (const HostGroup& group : groups) count += group.count;
  return count;
}

const HostGroup& GroupOf(const HostGroups& groups, int host) {
  for (const HostGroup& group : groups) {
    if (host < group.count) return group;
    host -= group.count;
  }
  return groups.back();
}

std::vector<std::string> HostsOf(const HostGroups& groups, const std::string& group) {
  int first = 0;
  for (const HostGroup& one : groups) {
    if (one.name == group) return Names(first, one.count);
    first += one.count;
  }
  return {};
}

std::string ResourceConfigFile(const HostGroups& groups, int host) {
  const HostGroup& mine = GroupOf(groups, host);
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject();
  json.Key("current_host").String(HostName(host));
  json.Key("hosts");
  WriteNames(json, Names(0, CountHosts(groups)));
  json.Key("network_interface_name").String(kNetworkInterface);
  json.Key("current_instance_type").String(mine.instance_type);
  json.Key("current_group_name").String(mine.name);
  json.Key("instance_groups").BeginArray();
  for (const HostGroup& group : groups) {
    json.BeginObject();
    json.Key("instance_group_name").String(group.name);
    json.Key("instance_type").String(group.instance_type);
    json.Key("hosts");
    WriteNames(json, HostsOf(groups, group.name));
    json.EndObject();
  }
  json.EndArray().EndObject();
  return out;
}

void PlaceHost(compute::TaskSpec& spec, std::string_view kind, const Job& job, int host, int hosts) {
  spec.id = compute::TaskId(TaskIdOf(kind, job, host));
  spec.host_name = HostName(host);
  spec.gang = {};
  spec.priority = job.state.priority;
  spec.queue = job.scope.account.value();
  spec.owner = job.state.owner;
  if (hosts < 2) return;
  for (int member = 0; member < hosts; ++member) {
    spec.gang.members.emplace_back(TaskIdOf(kind, job, member));
    spec.gang.host_names.push_back(HostName(member));
  }
  spec.gang.index = host;
}

}  // namespace aloft::jobs
