// What calls of a model took, by their rows. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace aloft::batching {

// "12 us", "1.5 ms", "2.0 s"
std::string TimeText(double micros);

// Numbers of rows are put together by powers of two: 1, 2, 3-4, 5-8, ... 2049-4096, more.
class Costs {
 public:
  static constexpr int kSizes = 14;
  struct Cost {
    double micros = 0, deviation = 0, rows = 0;  // smoothed
    std::uint64_t calls = 0;
    double per_row() const { return rows > 0 ? micros / rows : 0; }
  };

  void Add(int rows, std::chrono::microseconds took);
  const Cost& Of(int rows) const { return costs_[SizeOf(rows)]; }
  const std::array<Cost, kSizes>& all() const { return costs_; }

  // Micros of a call of so many rows: measured, else from its neighbours on a line; where only fewer rows are known, as
  // long as those, so that more are tried. 0: nothing is known.
  double Expect(double rows) const;
  // The same, as it is at worst but for one call of fifty.
  double ExpectSlow(double rows) const;

 private:
  static std::size_t SizeOf(int rows);
  std::array<Cost, kSizes> costs_{};
};

}  // namespace aloft::batching
