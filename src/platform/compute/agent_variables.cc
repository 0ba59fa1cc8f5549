#include "platform/compute/agent_variables.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "foundation/base/bytes.h"

namespace aloft::compute {

std::map<std::string, std::string> AgentVariables() {
  std::map<std::string, std::string> variables{{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
  for (char** variable = environ; *variable; ++variable) {
    std::string_view text = *variable;
    std::string name(text.substr(0, text.find('=')));
    std::string value(text.substr(std::min(text.size(), name.size() + 1)));
    // Where this user's podman keeps its images.
    if (name == "HOME" || name == "XDG_RUNTIME_DIR" || name == "XDG_DATA_HOME" || name.starts_with("CONTAINERS_"))
      variables[name] = value;
    if (name.starts_with("PIP_") || ToLower(name).ends_with("_proxy") || name.ends_with("SAN_OPTIONS") ||
        name == "SSL_CERT_FILE" || name == "TZ")
      variables[name] = value;
    if (name == "ALOFT_AGENT_FAULTS") variables["ALOFT_FAULTS"] = value;
  }
  return variables;
}

}  // namespace aloft::compute
