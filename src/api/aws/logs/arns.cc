#include "api/aws/logs/arns.h"

namespace aloft::api::logs {

std::string GroupArn(const Call& call, const std::string& group) {
  return "arn:aws:logs:" + call.region.value() + ":" + call.session.account.value() + ":log-group:" + group;
}

std::string ResourceArn(const Call& call, const std::string& group, const std::string& stream) {
  return GroupArn(call, group) + ":log-stream:" + stream;
}

std::string GroupName(const Call& call, const std::optional<std::string>& name,
                      const std::optional<std::string>& identifier) {
  if (name || !identifier) return name.value_or("");
  std::string_view text = *identifier;
  if (!text.starts_with("arn:")) return std::string(text);
  std::string prefix = GroupArn(call, "");
  if (!text.starts_with(prefix)) return {};
  return std::string(text.substr(prefix.size()));
}

}  // namespace aloft::api::logs
