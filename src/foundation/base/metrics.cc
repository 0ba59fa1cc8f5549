#include "foundation/base/metrics.h"

#include <charconv>
#include <cmath>

#include "foundation/base/check.h"

namespace aloft {
namespace {

std::string FormatNumber(double value) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

std::string FormatLabels(const Labels& labels, const std::string& extra = {}) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text += name + "=\"";
    for (char c : value) {
      if (c == '\\' || c == '"') text += '\\';
      if (c == '\n') {
        text += "\\n";
      } else {
        text += c;
      }
    }
    text += '"';
  }
  if (!extra.empty()) {
    if (!text.empty()) text += ',';
    text += extra;
  }
  return text.empty() ? text : "{" + text + "}";
}

}  // namespace

double Histogram::UpperBound(int index) {
  return 50e-6 * static_cast<double>(1u << index);
}

void Histogram::Observe(double seconds) {
  int index = 0;
  while (index < kBuckets && seconds > UpperBound(index)) ++index;
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  sum_nanos_.fetch_add(seconds > 0 ? static_cast<std::uint64_t>(seconds * 1e9) : 0, std::memory_order_relaxed);
}

Metrics::Series& Metrics::Find(Type type, const std::string& name, const std::string& help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  Family& family = families_.try_emplace(name, Family{type, help, {}}).first->second;
  ALOFT_CHECK(family.type == type);
  for (Series& series : family.series) {
    if (series.labels == labels) return series;
  }
  Series& series = family.series.emplace_back();
  series.labels = labels;
  return series;
}

Counter& Metrics::AddCounter(const std::string& name, const std::string& help, const Labels& labels) {
  return Find(Type::kCounter, name, help, labels).counter;
}

Gauge& Metrics::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Find(Type::kGauge, name, help, labels).gauge;
}

Histogram& Metrics::AddHistogram(const std::string& name, const std::string& help, const Labels& labels) {
  return Find(Type::kHistogram, name, help, labels).histogram;
}

std::string Metrics::Expose() const {
  std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [name, family] : families_) {
    static constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};
    text +=
        "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + kTypes[static_cast<int>(family.type)] + "\n";
    for (const Series& series : family.series) {
      if (family.type == Type::kCounter) {
        text += name + FormatLabels(series.labels) + " " + std::to_string(series.counter.value()) + "\n";
      } else if (family.type == Type::kGauge) {
        text += name + FormatLabels(series.labels) + " " + std::to_string(series.gauge.value()) + "\n";
      } else {
        std::uint64_t cumulative = 0;
        for (int i = 0; i <= Histogram::kBuckets; ++i) {
          cumulative += series.histogram.bucket(i);
          std::string bound = i == Histogram::kBuckets ? "+Inf" : FormatNumber(Histogram::UpperBound(i));
          text += name + "_bucket" + FormatLabels(series.labels, "le=\"" + bound + "\"") + " " +
                  std::to_string(cumulative) + "\n";
        }
        text += name + "_sum" + FormatLabels(series.labels) + " " + FormatNumber(series.histogram.sum()) + "\n";
        text += name + "_count" + FormatLabels(series.labels) + " " + std::to_string(cumulative) + "\n";
      }
    }
  }
  return text;
}

}  // namespace aloft
