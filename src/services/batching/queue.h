// Requests that wait for the model, and which of them one call computes together. Not thread-safe: its owner locks.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"

namespace aloft::batching {

// How calls are made now.
struct Plan {
  bool direct = true;                  // at once, on the thread that has the request; what follows then means nothing
  int rows = 1;                        // of a call at most; one request alone may have more
  std::chrono::microseconds delay{0};  // that the oldest may wait for others, once a call has kept it waiting anyway
  int instances = 1;                   // calls side by side
};

struct Item {
  virtual ~Item() = default;
  int rows = 1;
  std::string form;  // requests of one form can be joined; empty: alone
  MonotonicTime since{};
  bool waited = false;  // it came while all instances worked
};

class Queue {
 public:
  void Push(std::shared_ptr<Item> item) { items_.push_back(std::move(item)); }
  std::size_t size() const { return items_.size(); }

  struct Taken {
    std::vector<std::shared_ptr<Item>> items;
    bool more = false;  // others of the form were left, because the call is full
  };
  // The oldest, and those of its form that fit beside it, in their order. Nothing where none waits, and where more may
  // come until `until`: it is only waited for those that had to wait anyway.
  Taken Take(MonotonicTime now, const Plan& plan, std::optional<MonotonicTime>* until);

 private:
  std::deque<std::shared_ptr<Item>> items_;
};

}  // namespace aloft::batching
