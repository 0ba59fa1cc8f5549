// aloft keys: what the root of trust is, and a new one.
#include <boost/json.hpp>
#include <cstdio>
#include <memory>

#include "app/cli/aws_profile.h"
#include "app/cli/commands.h"
#include "app/cli/remote.h"

namespace aloft::app {
namespace {

void Print(const boost::json::value& status) {
  const auto& object = status.as_object();
  std::printf("root of trust  %s\n", object.at("Root").as_string().c_str());
  bool first = true;
  for (const auto& id : object.at("Keys").as_array()) {
    std::printf("%s  %s\n", first ? "seals now     " : "opens still   ", id.as_string().c_str());
    first = false;
  }
  const auto* resealed = object.if_contains("Resealed");
  if (resealed == nullptr || object.at("Keys").as_array().size() == 1) return;
  const auto& done = resealed->as_object();
  if (done.at("Complete").as_bool()) {
    std::printf("every secret is sealed under the newest key\n");
  } else {
    std::printf("being sealed anew: %lld of the %lld seen so far, %lld do not open\n",
                static_cast<long long>(done.at("Renewed").to_number<std::int64_t>()),
                static_cast<long long>(done.at("Seals").to_number<std::int64_t>()),
                static_cast<long long>(done.at("Failed").to_number<std::int64_t>()));
  }
}

void Ask(const std::string& profile, const char* operation) {
  auto remote = Connect(profile);
  Print(OrFail(remote->Own(operation, boost::json::object{})));
}

}  // namespace

void AddKeys(CLI::App& app) {
  auto profile = std::make_shared<std::string>();
  auto* command = app.add_subcommand("keys", "Show or rotate the root key under which every secret is sealed");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n"
      "  aloft keys status\n"
      "  aloft keys rotate-root");
  auto* status = command->add_subcommand("status", "What guards the root key, and which keys there are");
  AddProfileOption(*status, *profile);
  status->callback([=] { Ask(*profile, "GetKeyringStatus"); });
  auto* rotate = command->add_subcommand("rotate-root", "Seal with a new root key from now on, while the server runs");
  AddProfileOption(*rotate, *profile);
  rotate->footer(
      "What older keys sealed is sealed anew in the background; `aloft keys status` tells when all of it is. Back up "
      "keys/root.key afterwards: the new key is in it.\n"
      "Example:\n  aloft keys rotate-root");
  rotate->callback([=] { Ask(*profile, "RotateRootKey"); });
}

}  // namespace aloft::app
