// Running a caller's closure. Private to the room.
#pragma once

#include <exception>
#include <functional>
#include <string>

#include "foundation/base/result.h"

namespace aloft::sql {

// The database whose Write runs on this thread, so that a nested one is refused instead of waiting for itself.
inline thread_local const void* t_writing = nullptr;

// What a closure throws ends here.
template <class Argument>
Status RunClosure(const std::function<Status(Argument&)>& closure, Argument& argument) {
  try {
    return closure(argument);
  } catch (const std::exception& e) {
    return Fail(kInternal, "Internal error.", std::string("a closure threw: ") + e.what());
  } catch (...) {
    return Fail(kInternal, "Internal error.", "a closure threw something");
  }
}

}  // namespace aloft::sql
