#include "platform/images/names.h"

#include <algorithm>
#include <array>

namespace aloft::images {
namespace {

constexpr std::array<std::string_view, 3> kImplied = {"localhost/", "docker.io/library/", "docker.io/"};

}  // namespace

std::string WithTag(std::string_view name) {
  std::size_t slash = name.rfind('/');
  std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
  std::string whole(name);
  if (last.find(':') == std::string_view::npos && last.find('@') == std::string_view::npos) whole += ":latest";
  return whole;
}

std::vector<std::string> OtherNames(std::string_view name) {
  std::string whole = WithTag(name);
  std::vector<std::string> names{whole};
  for (std::string_view prefix : kImplied) {
    if (whole.starts_with(prefix)) names.push_back(whole.substr(prefix.size()));
    names.push_back(std::string(prefix) + whole);
  }
  return names;
}

bool SameName(std::string_view a, std::string_view b) {
  std::vector<std::string> names = OtherNames(a);
  return std::find(names.begin(), names.end(), WithTag(b)) != names.end();
}

}  // namespace aloft::images
