// The version of this build.
#pragma once

namespace aloft::app {
inline constexpr const char kVersion[] = ALOFT_VERSION;
}
