// Places where a test makes the server die or an operation fail. Costs one relaxed load when nothing is armed.
//
//   ALOFT_FAULT_POINT("objects.put.before_index");          // may end the process
//   if (auto error = FaultError("blob.fsync")) return *error;
//
// Armed by the environment, for the life of the process:
// ALOFT_FAULTS="objects.put.before_index=kill@3,blob.fsync=error@1" means: die with SIGKILL at the third pass, fail
// once at the first pass.
#pragma once

#include <atomic>
#include <optional>
#include <string_view>

#include "foundation/base/error.h"

namespace aloft {
namespace internal {
extern std::atomic<bool> g_faults_armed;
std::optional<Error> PassFaultPoint(std::string_view name);
}  // namespace internal

// Reads ALOFT_FAULTS; call once at the start of main. Returns false where the text cannot be understood.
bool ArmFaultPoints(std::string_view specification);

inline std::optional<Error> FaultError(std::string_view name) {
  if (!internal::g_faults_armed.load(std::memory_order_relaxed)) [[likely]]
    return std::nullopt;
  return internal::PassFaultPoint(name);
}

#define ALOFT_FAULT_POINT(name) static_cast<void>(::aloft::FaultError(name))

}  // namespace aloft
