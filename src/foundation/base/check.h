// CHECK: an invariant of our own code. Input can never make one fail; if one does, the process ends with the place.
#pragma once

namespace aloft::internal {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace aloft::internal

#define ALOFT_CHECK(condition)                                        \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::aloft::internal::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
