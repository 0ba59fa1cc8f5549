#include "services/batching/costs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace aloft::batching {

std::string TimeText(double micros) {
  char text[32];
  if (micros < 1000) {
    std::snprintf(text, sizeof text, "%.0f us", micros);
  } else if (micros < 1e6) {
    std::snprintf(text, sizeof text, "%.1f ms", micros / 1000);
  } else {
    std::snprintf(text, sizeof text, "%.1f s", micros / 1e6);
  }
  return text;
}

std::size_t Costs::SizeOf(int rows) {
  std::size_t size = 0;
  for (int most = 1; most < rows && size + 1 < kSizes; most *= 2) ++size;
  return size;
}

void Costs::Add(int rows, std::chrono::microseconds took) {
  Cost& cost = costs_[SizeOf(rows)];
  const double micros = static_cast<double>(std::max<std::int64_t>(took.count(), 1));
  ++cost.calls;
  // The mean of the first ones, then the newest count an eighth.
  const double part = std::max(1.0 / 8, 1.0 / static_cast<double>(cost.calls));
  cost.deviation += (std::abs(micros - cost.micros) * (cost.calls > 1 ? 1 : 0) - cost.deviation) * part;
  cost.micros += (micros - cost.micros) * part;
  cost.rows += (rows - cost.rows) * part;
}

double Costs::Expect(double rows) const {
  const Cost* below = nullptr;
  const Cost* before = nullptr;  // below `below`
  const Cost* above = nullptr;
  for (const Cost& cost : costs_) {
    if (cost.calls == 0) continue;
    if (cost.rows <= rows + 0.01) {
      before = below;
      below = &cost;
    } else if (above == nullptr) {
      above = &cost;
    }
  }
  auto line = [&](const Cost& a, const Cost& b) {
    const double slope = (b.micros - a.micros) / (b.rows - a.rows);
    return std::max(a.micros + std::max(slope, 0.0) * (rows - a.rows), 1.0);
  };
  if (below == nullptr) return above == nullptr ? 0 : above->micros;
  if (above != nullptr) return line(*below, *above);
  return before != nullptr ? line(*before, *below) : below->micros;
}

double Costs::ExpectSlow(double rows) const {
  // Two mean deviations are about what 1 of 50 calls takes longer.
  double deviation = 0, known = 0;
  for (const Cost& cost : costs_) {
    if (cost.calls == 0 || (known > 0 && cost.rows > rows + 0.01)) continue;
    deviation = cost.deviation;
    known = cost.rows;
  }
  return Expect(rows) + 2 * deviation;
}

}  // namespace aloft::batching
