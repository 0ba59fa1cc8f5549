// What calls of a model took, by their rows. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "services/batching/recent.h"

namespace aloft::batching {

// "12 us", "1.5 ms", "2.0 s"
std::string TimeText(double micros);

// Numbers of rows are put together by powers of two: 1, 2, 3-4, 5-8, ... 2049-4096, more.
class Costs {
 public:
  static constexpr int kSizes = 14;
  static constexpr std::size_t kKept = 9;
  // Medians of the last kKept calls, so that a single slow one changes nothing, and their mean deviation, in which no
  // call counts for more than twice what is usual.
  struct Cost {
    double micros = 0, deviation = 0, rows = 0, per_row = 0;
    std::uint64_t calls = 0;  // since it was forgotten
  };

  void Add(int rows, std::chrono::microseconds took);
  // What calls of so many rows take shall be measured anew.
  void Forget(int rows);
  Cost Of(int rows) const { return CostOf(calls_[SizeOf(rows)]); }
  // Those that are known, from few rows to many.
  std::vector<Cost> All() const;

  // Micros of a call of so many rows: measured, else from its neighbours on a line; where only fewer rows are known, as
  // long as those, so that more are tried. 0: nothing is known.
  double Expect(double rows) const;
  // The same, as it is at worst but for one call of fifty.
  double ExpectSlow(double rows) const;

 private:
  struct Calls {
    Recent<kKept> micros, rows, per_row;
    std::uint64_t count = 0;
  };

  static std::size_t SizeOf(int rows);
  static Cost CostOf(const Calls& calls);
  std::array<Calls, kSizes> calls_{};
};

}  // namespace aloft::batching
