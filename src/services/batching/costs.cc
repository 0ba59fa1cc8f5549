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
  Calls& calls = calls_[SizeOf(rows)];
  const double micros = static_cast<double>(std::max<std::int64_t>(took.count(), 1));
  calls.micros.Add(micros);
  calls.rows.Add(rows);
  calls.per_row.Add(micros / rows);
  ++calls.count;
}

void Costs::Forget(int rows) {
  calls_[SizeOf(rows)] = {};
}

Costs::Cost Costs::CostOf(const Calls& calls) {
  Cost cost;
  if (calls.count == 0) return cost;
  cost.calls = calls.count;
  cost.micros = calls.micros.Median();
  cost.rows = calls.rows.Median();
  cost.per_row = calls.per_row.Median();
  for (double micros : calls.micros) cost.deviation += std::min(std::abs(micros - cost.micros), cost.micros);
  cost.deviation /= static_cast<double>(calls.micros.size());
  return cost;
}

std::vector<Costs::Cost> Costs::All() const {
  std::vector<Cost> all;
  for (const Calls& calls : calls_) {
    if (calls.count > 0) all.push_back(CostOf(calls));
  }
  return all;
}

double Costs::Expect(double rows) const {
  const Cost* below = nullptr;
  const Cost* before = nullptr;  // below `below`
  const Cost* above = nullptr;
  const std::vector<Cost> all = All();
  for (const Cost& cost : all) {
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
  for (const Cost& cost : All()) {
    if (known > 0 && cost.rows > rows + 0.01) continue;
    deviation = cost.deviation;
    known = cost.rows;
  }
  return Expect(rows) + 2 * deviation;
}

}  // namespace aloft::batching
