// What an agent takes over from the server's own environment: how to reach package indexes, the time zone, a search
// path. No secret of the server's.
#pragma once

#include <map>
#include <string>

namespace aloft::compute {

std::map<std::string, std::string> AgentVariables();

}  // namespace aloft::compute
