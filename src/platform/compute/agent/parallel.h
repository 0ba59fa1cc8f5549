// Some things at a time, where each waits mostly for an answer.
#pragma once

#include <cstddef>
#include <functional>

#include "foundation/base/result.h"

namespace aloft::compute {

// Calls `one` for each index below `count`, on eight threads at most; the first error ends it.
Status InParallel(std::size_t count, const std::function<Status(std::size_t)>& one);

}  // namespace aloft::compute
