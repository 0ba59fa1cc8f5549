// Counters, gauges and histograms of the server itself. Updating one is a relaxed atomic operation.
//
//   Counter& requests = metrics.AddCounter("aloft_http_requests_total", "Requests answered", {{"service", "s3"}});
//   requests.Increment();
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace aloft {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  void Increment(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in seconds, in buckets that double from 50 microseconds to about 100 seconds.
class Histogram {
 public:
  static constexpr int kBuckets = 22;
  // The inclusive upper bound of bucket `index`, seconds; the last bucket has none.
  static double UpperBound(int index);

  void Observe(double seconds);
  std::uint64_t bucket(int index) const { return buckets_[index].load(std::memory_order_relaxed); }
  double sum() const { return static_cast<double>(sum_nanos_.load(std::memory_order_relaxed)) * 1e-9; }

 private:
  std::atomic<std::uint64_t> buckets_[kBuckets + 1]{};
  std::atomic<std::uint64_t> sum_nanos_{0};
};

// Owns the instruments; references stay valid for its lifetime. Adding the same name and labels again returns the
// first.
class Metrics {
 public:
  Counter& AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& AddHistogram(const std::string& name, const std::string& help, const Labels& labels = {});

  // The Prometheus text exposition format 0.0.4.
  std::string Expose() const;

 private:
  enum class Type { kCounter, kGauge, kHistogram };
  struct Series {
    Labels labels;
    Counter counter;
    Gauge gauge;
    Histogram histogram;
  };
  struct Family {
    Type type;
    std::string help;
    std::deque<Series> series;
  };
  Series& Find(Type type, const std::string& name, const std::string& help, const Labels& labels);

  mutable std::mutex mutex_;
  std::map<std::string, Family> families_;
};

}  // namespace aloft
