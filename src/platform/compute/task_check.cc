// Which specifications are refused before anything of the task is written.
#include "platform/compute/errors.h"
#include "platform/compute/task_files.h"
#include "platform/images/types.h"

namespace aloft::compute {
namespace {

bool IsBelowOptMl(std::string_view path) {
  return (path == "/opt/ml" || path.starts_with("/opt/ml/")) && path.find("/../") == std::string_view::npos &&
         !path.ends_with("/..") && path.find('\0') == std::string_view::npos;
}

}  // namespace

Status CheckSpec(const TaskSpec& spec) {
  const std::string& id = spec.id.value();
  auto refuse = [](std::string message) { return Fail(kBadTaskSpec, std::move(message)); };
  if (id.empty() || id.size() > 200 || id.front() == '.' ||
      id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != std::string::npos)
    return refuse("a task's id has 1 to 200 letters, digits, '.', '_' and '-'");
  const Gang& gang = spec.gang;
  bool in_gang = gang.index >= 0 && static_cast<std::size_t>(gang.index) < gang.members.size();
  if (!gang.members.empty() &&
      (!in_gang || gang.members.size() != gang.host_names.size() || gang.members.size() > 1'000 ||
       gang.members[static_cast<std::size_t>(gang.index)] != spec.id))
    return refuse("a task must be a member of its own gang");
  if (spec.image.empty() && (spec.command.empty() || spec.command[0].empty())) return refuse("a task needs a command");
  if (!spec.image.empty() && !images::IsImageId(spec.image)) return refuse(spec.image + " is no image's id");
  if (!spec.image.empty() && !spec.environment.empty())
    return refuse("a task has an image or an environment, not both");
  auto holds_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  for (const auto* arguments : {&spec.command, &spec.entrypoint})
    for (const auto& argument : *arguments)
      if (holds_nul(argument)) return refuse("an argument of the command holds a NUL");
  for (const auto& [name, value] : spec.variables)
    if (name.empty() || name.find('=') != std::string::npos || holds_nul(name) || holds_nul(value))
      return refuse("'" + name + "' cannot be an environment variable");
  for (const File& file : spec.files)
    if (!IsBelowOptMl(file.path)) return refuse(file.path + " is not below /opt/ml");
  for (const Input& input : spec.inputs) {
    if (!IsBelowOptMl(input.path)) return refuse(input.path + " is not below /opt/ml");
    if (!input.s3_uri.starts_with("s3://")) return refuse(input.s3_uri + " is no S3 URI");
  }
  for (const Output& output : spec.outputs) {
    if (!IsBelowOptMl(output.path)) return refuse(output.path + " is not below /opt/ml");
    if (!output.s3_uri.starts_with("s3://")) return refuse(output.s3_uri + " is no S3 URI");
  }
  return {};
}

}  // namespace aloft::compute
