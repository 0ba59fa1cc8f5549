#include "platform/images/podman.h"

#include <unistd.h>

#include "foundation/base/bytes.h"
#include "foundation/os/process.h"
#include "platform/images/errors.h"

namespace aloft::images {

bool Podman::present() const {
  return ::access(program_.c_str(), X_OK) == 0;
}

Result<std::string> Podman::Run(std::vector<std::string> arguments, int deadline_seconds,
                                const Progress& progress) const {
  os::CommandOptions options;
  options.argv = std::move(arguments);
  options.argv.insert(options.argv.begin(), program_);
  options.variables["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const char* name : {"HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"})
    if (const char* value = ::getenv(name)) options.variables[name] = value;
  if (!options.variables.contains("HOME")) options.variables["HOME"] = "/root";
  options.deadline = std::chrono::seconds(deadline_seconds);
  std::string said;
  options.output = [&](std::string_view line) {
    if (said.size() < 64 * 1024) said.append(line).append("\n");
  };
  options.cancelled = progress.cancelled;
  ALOFT_ASSIGN(os::CommandResult result, os::RunCommand(options));
  if (result.exit_code != 0) {
    std::string why(Trim(said.size() > 500 ? said.substr(said.size() - 500) : said));
    if (why.find("no such image") != std::string::npos || why.find("image not known") != std::string::npos)
      return Fail(kNoSuchImage, "podman has no such image", why);
    return Fail(kUnavailable, "podman failed: " + why);
  }
  return said;
}

Result<std::string> Podman::FindId(std::string_view name) const {
  // What begins with a dash would be an option.
  if (!present() || name.empty() || name[0] == '-') return Fail(kNoSuchImage, "podman has no such image");
  ALOFT_ASSIGN(std::string said, Run({"image", "inspect", "--format", "{{.Id}}", std::string(name)}, 20, Progress{}));
  for (std::string_view line : Split(said, '\n'))
    if (IsImageId(Trim(line))) return std::string(Trim(line));
  return Fail(kUnavailable, "podman did not tell the image's id", said);
}

Status Podman::Save(const std::string& id, const std::string& archive, const Progress& progress) const {
  ALOFT_TRY(Run({"save", "--quiet", "--format", "docker-archive", "--output", archive, id}, 3600, progress));
  return {};
}

}  // namespace aloft::images
