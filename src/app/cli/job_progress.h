// What a job that is under way does now: since when, how far it is, what it said last.
#pragma once

#include <string>

#include "app/cli/remote.h"

namespace aloft::app {

// One line of a training job; empty where nothing is known.
std::string ProgressLine(Remote& remote, const std::string& job);
// "12.0 s", "3 min", "2.5 h".
std::string Span(double seconds);

}  // namespace aloft::app
