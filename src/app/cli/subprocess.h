// Runs a small helper program to its end.
#pragma once

#include <string>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::app {

// Its standard output (at most 1 MiB) where it exits with 0. The program is looked up in PATH; no shell.
Result<std::string> RunAndCapture(const std::vector<std::string>& command);

}  // namespace aloft::app
