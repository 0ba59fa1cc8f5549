#include "platform/compute/framework_version.h"

#include <algorithm>
#include <filesystem>

#include "foundation/base/bytes.h"
#include "foundation/os/file.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string Normalised(std::string_view name) {
  std::string text = ToLower(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

// "torch-1.13.1.egg-info" and the like in a directory of the system's packages.
std::optional<std::string> InstalledIn(const fs::path& directory, const std::string& package) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    std::string name = entry.path().filename();
    for (std::string_view end : {".dist-info", ".egg-info"}) {
      if (!name.ends_with(end)) continue;
      name.resize(name.size() - end.size());
      auto dash = name.find('-');
      if (dash != std::string::npos && Normalised(name.substr(0, dash)) == package) return name.substr(dash + 1);
      break;
    }
  }
  return std::nullopt;
}

std::optional<std::string> SystemVersion(const std::string& package) {
  if (auto found = InstalledIn("/usr/lib/python3/dist-packages", package)) return found;
  std::error_code error;
  for (const auto& python : fs::directory_iterator("/usr/local/lib", error))
    if (python.path().filename().string().starts_with("python3"))
      if (auto found = InstalledIn(python.path() / "dist-packages", package)) return found;
  return std::nullopt;
}

}  // namespace

std::string VersionOfTag(std::string_view image) {
  std::size_t colon = image.rfind(':');
  if (colon == std::string_view::npos || image.find('/', colon) != std::string_view::npos) return {};
  std::string_view tag = image.substr(colon + 1);
  std::size_t end = 0;
  while (end < tag.size() && (IsDigit(tag[end]) || (tag[end] == '.' && end > 0 && tag[end - 1] != '.'))) ++end;
  tag = tag.substr(0, end);
  while (tag.ends_with('.')) tag.remove_suffix(1);
  return std::string(tag.find('.') == std::string_view::npos ? std::string_view() : tag);
}

bool IsOfVersion(std::string_view version, std::string_view wanted) {
  return version.starts_with(wanted) && (version.size() == wanted.size() || !IsDigit(version[wanted.size()]));
}

std::optional<std::string> PackageVersion(const std::string& environment_file, const std::string& package) {
  auto text = os::ReadFile(environment_file);
  if (!text.ok()) return std::nullopt;
  const std::string wanted = Normalised(package);
  bool system = false;
  for (std::string_view line : Split(*text, '\n')) {
    line = Trim(line);
    system = system || line.starts_with("# -- system");
    std::size_t pin = line.find("==");
    if (pin != std::string_view::npos && Normalised(Trim(line.substr(0, pin))) == wanted)
      return std::string(Trim(line.substr(pin + 2)));
  }
  return system ? SystemVersion(wanted) : std::nullopt;
}

}  // namespace aloft::compute
