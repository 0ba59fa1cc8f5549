#include "app/gateway/request_meter.h"

#include <algorithm>
#include <string>

namespace aloft::gateway {

RequestMeter::RequestMeter(const std::vector<const api::Front*>& fronts, Metrics& metrics) : metrics_(metrics) {
  const auto add = [this](const void* key, std::string_view service, std::string_view operation) {
    auto made = std::make_unique<Instruments>();
    made->service = service;
    made->operation = operation;
    instruments_.emplace(key, std::move(made));
  };
  for (const api::Front* front : fronts) {
    add(front, front->name(), "-");
    for (const api::Row& row : front->rows()) add(&row, row.service, row.operation);
  }
}

RequestMeter::Instruments* RequestMeter::Find(const void* key) {
  const auto found = instruments_.find(key);
  return found == instruments_.end() ? nullptr : found->second.get();
}

void RequestMeter::Record(const api::Front& front, const api::Row* row, int status,
                          std::chrono::duration<double> elapsed) {
  Instruments* instruments = row == nullptr ? nullptr : Find(row);
  if (instruments == nullptr) instruments = Find(&front);
  if (instruments == nullptr) return;
  const auto digit = static_cast<std::size_t>(std::clamp(status / 100, 1, 5));
  Counter* counter = instruments->by_class[digit].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics_.AddCounter("aloft_requests_total", "Requests answered, by operation and class of status",
                                   {{"service", std::string(instruments->service)},
                                    {"operation", std::string(instruments->operation)},
                                    {"status", std::to_string(digit) + "xx"}});
    instruments->by_class[digit].store(counter, std::memory_order_release);
  }
  Histogram* seconds = instruments->seconds.load(std::memory_order_acquire);
  if (seconds == nullptr) {
    seconds = &metrics_.AddHistogram("aloft_request_seconds", "Time from a request's head to its answer",
                                     {{"service", std::string(instruments->service)}});
    instruments->seconds.store(seconds, std::memory_order_release);
  }
  counter->Increment();
  seconds->Observe(elapsed.count());
}

}  // namespace aloft::gateway
