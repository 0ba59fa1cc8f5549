// The last few of many measurements, and their median: one that the machine held up says nothing. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace aloft::batching {

template <std::size_t kKept>
class Recent {
 public:
  void Add(double value) {
    values_[next_] = value;
    next_ = (next_ + 1) % kKept;
    size_ = std::min(size_ + 1, kKept);
  }
  std::size_t size() const { return size_; }
  const double* begin() const { return values_.data(); }  // in no order
  const double* end() const { return values_.data() + size_; }
  // 0 of none; of an even number the upper of the two in the middle.
  double Median() const {
    if (size_ == 0) return 0;
    std::array<double, kKept> sorted = values_;
    auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(size_ / 2);
    std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(size_));
    return *middle;
  }

 private:
  std::array<double, kKept> values_{};
  std::size_t size_ = 0, next_ = 0;
};

}  // namespace aloft::batching
