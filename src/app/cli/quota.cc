// aloft quota set, aloft quota list: what accounts and their users may run at once.
#include <boost/json.hpp>
#include <cstdio>

#include "app/cli/commands.h"
#include "app/cli/remote.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

struct Wish {
  std::string profile, account, owner;
  std::optional<double> vcpus, memory_gib, gpus, instances;
};

void Set(const Wish& wish) {
  json::object request{{"Owner", wish.owner}};
  if (!wish.account.empty()) request["Account"] = wish.account;
  auto bound = [&](const char* name, const std::optional<double>& value) {
    if (value) request[name] = *value;
  };
  bound("Vcpus", wish.vcpus);
  bound("MemoryGiB", wish.memory_gib);
  bound("Gpus", wish.gpus);
  bound("Instances", wish.instances);
  OrFail(Connect(wish.profile)->Own("PutQuota", request));
  bool any = wish.vcpus || wish.memory_gib || wish.gpus || wish.instances;
  std::printf(any ? "Set. What runs goes on; what comes beyond it waits.\n" : "There is no such quota any more.\n");
}

void List(const std::string& profile) {
  auto answer = OrFail(Connect(profile)->Own("ListQuotas", json::object()));
  const auto& quotas = answer.as_object().at("Quotas").as_array();
  if (quotas.empty()) {
    std::printf("There are no quotas: everybody may use what is free.\n");
    return;
  }
  std::printf("%-13s %-32s %9s %11s %6s %10s\n", "ACCOUNT", "OWNER", "VCPUS", "MEMORY GIB", "GPUS", "INSTANCES");
  for (const auto& one : quotas) {
    const auto& quota = one.as_object();
    auto number = [&](const char* name) -> std::string {
      const auto* value = quota.if_contains(name);
      if (value == nullptr) return "-";
      char text[32];
      std::snprintf(text, sizeof text, "%g", value->to_number<double>());
      return text;
    };
    std::string owner(quota.at("Owner").as_string());
    std::printf("%-13s %-32s %9s %11s %6s %10s\n", std::string(quota.at("Account").as_string()).c_str(),
                owner.empty() ? "(all)" : owner.c_str(), number("Vcpus").c_str(), number("MemoryGiB").c_str(),
                number("Gpus").c_str(), number("Instances").c_str());
  }
}

}  // namespace

void AddQuota(CLI::App& app) {
  auto* quota = app.add_subcommand("quota", "What accounts and their users may run at once");
  quota->require_subcommand(1);
  auto wish = std::make_shared<Wish>();
  auto* set =
      quota->add_subcommand("set", "Bound an account, or one user or role of it; without a bound: remove the quota");
  AddProfileOption(*set, wish->profile);
  set->add_option("--account", wish->account, "12 digits; your own where it is left out");
  set->add_option("--owner", wish->owner, "user/NAME, role/NAME or root; the whole account where it is left out");
  set->add_option("--vcpus", wish->vcpus, "vCPUs at once");
  set->add_option("--memory-gib", wish->memory_gib, "GiB of memory at once");
  set->add_option("--gpus", wish->gpus, "GPUs at once");
  set->add_option("--instances", wish->instances, "Instances at once");
  set->footer("Example:\n  aloft quota set --owner user/eve --instances 4 --gpus 1");
  set->callback([wish] { Set(*wish); });
  auto profile = std::make_shared<std::string>();
  auto* list = quota->add_subcommand("list", "Show the quotas");
  AddProfileOption(*list, *profile);
  list->footer("Example:\n  aloft quota list");
  list->callback([profile] { List(*profile); });
}

}  // namespace aloft::app
