// How long to wait before trying again: doubling, with jitter, so that many who failed together do not come back
// together.
#pragma once

#include <algorithm>
#include <chrono>

#include "foundation/base/random.h"

namespace aloft::work {

struct Backoff {
  std::chrono::microseconds first = std::chrono::milliseconds(200);
  std::chrono::microseconds most = std::chrono::seconds(30);
};

// Between half and all of first * 2^(failures - 1), at most `most`. `failures` counts from 1.
inline std::chrono::microseconds Delay(const Backoff& backoff, int failures, Random& random) {
  std::chrono::microseconds whole = backoff.first;
  for (int i = 1; i < failures && whole < backoff.most; ++i) whole *= 2;
  whole = std::min(whole, backoff.most);
  auto half = static_cast<std::uint64_t>(whole.count() / 2);
  return std::chrono::microseconds(whole.count() / 2 + static_cast<std::int64_t>(random.Next() % (half + 1)));
}

}  // namespace aloft::work
