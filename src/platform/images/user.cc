#include "platform/images/user.h"

#include <charconv>
#include <optional>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/os/in_root.h"
#include "platform/images/errors.h"

namespace aloft::images {
namespace {

constexpr std::size_t kMaxFile = 1u << 20;
constexpr unsigned kMaxId = 65'535;

std::optional<unsigned> Number(std::string_view text) {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The fields of the line whose first is the name, or whose third is the number.
std::vector<std::string> Row(std::string_view file, std::string_view name, std::optional<unsigned> number) {
  for (std::string_view line : Split(file, '\n')) {
    auto fields = Split(line, ':');
    if (fields.size() < 3) continue;
    if (number ? Number(fields[2]) != number : fields[0] != name) continue;
    return {fields.begin(), fields.end()};
  }
  return {};
}

}  // namespace

Result<User> ResolveUser(const std::string& root, const std::string& user) {
  os::Fd directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return SystemError("open " + root, errno);
  std::string passwd = os::ReadInRoot(directory.get(), "etc/passwd", kMaxFile);
  std::string name = user.substr(0, user.find(':'));
  std::string group = user.find(':') == std::string::npos ? "" : user.substr(user.find(':') + 1);
  if (name.empty()) name = "0";
  User found;
  std::optional<unsigned> number = Number(name);
  auto row = Row(passwd, name, number);
  if (row.size() >= 6) {
    found.uid = Number(row[2]).value_or(0);
    found.gid = Number(row[3]).value_or(0);
    found.home = row[5];
  } else if (number) {
    found.uid = *number;
  } else {
    return Fail(kBadImage, "the image runs as the user " + name + ", whom its /etc/passwd does not have");
  }
  if (!group.empty()) {
    std::optional<unsigned> gid = Number(group);
    if (!gid) {
      auto line = Row(os::ReadInRoot(directory.get(), "etc/group", kMaxFile), group, std::nullopt);
      if (line.empty()) return Fail(kBadImage, "the image runs in the group " + group + ", which it does not have");
      gid = Number(line[2]);
    }
    found.gid = gid.value_or(0);
  }
  if (found.uid == 0 && found.home == "/") found.home = "/root";
  if (found.uid > kMaxId || found.gid > kMaxId)
    return Fail(kBadImage, "the image runs as user " + user + "; users up to 65535 can be");
  return found;
}

}  // namespace aloft::images
