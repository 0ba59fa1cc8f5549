// The parts of `aloft audit` that ask a server. Private to the command line.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "foundation/base/clock.h"

namespace aloft::app {

void AddAuditSearch(CLI::App& audit);
void AddAuditTail(CLI::App& audit);

// "2026-11-22T08:00:00Z"; empty: the beginning. Throws CommandFailed.
Time ParseAuditTime(const std::string& text);

}  // namespace aloft::app
