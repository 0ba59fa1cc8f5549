#include "platform/credentials/tagging.h"

namespace aloft::credentials {

Status AddTags(directory::Tags& tags, const std::optional<std::vector<shapes::iam::Tag>>& added) {
  ALOFT_ASSIGN(const directory::Tags read, directory::ReadTags(added));
  for (const auto& [key, value] : read) {
    // Keys are kept as written and compared without case.
    std::erase_if(tags, [&](const auto& tag) { return EqualsIgnoreCase(tag.first, key); });
    tags[key] = value;
  }
  if (tags.size() > 50) return Fail(identity::kLimitExceeded, "Cannot exceed quota for TagsPerResource: 50");
  return {};
}

void RemoveTags(directory::Tags& tags, const std::optional<std::vector<std::string>>& keys) {
  for (const std::string& key : keys.value_or(std::vector<std::string>()))
    std::erase_if(tags, [&](const auto& tag) { return EqualsIgnoreCase(tag.first, key); });
}

}  // namespace aloft::credentials
