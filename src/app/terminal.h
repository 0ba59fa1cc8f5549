// Asks the person at the terminal.
#pragma once

#include <string>

namespace aloft::app {

// Shows "<prompt>: " on stderr and returns the line typed, without its end; empty where standard input has ended. A
// hidden line is not shown while it is typed, where standard input is a terminal. Blocks.
std::string AskAtTerminal(const std::string& prompt, bool hidden);

}  // namespace aloft::app
