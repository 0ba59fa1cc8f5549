#include "services/batching/queue.h"

namespace aloft::batching {

Queue::Taken Queue::Take(MonotonicTime now, const Plan& plan, std::optional<MonotonicTime>* until) {
  Taken taken;
  until->reset();
  if (items_.empty()) return taken;
  const Item& oldest = *items_.front();
  std::vector<std::size_t> chosen{0};
  int rows = oldest.rows;
  if (!oldest.form.empty()) {
    for (std::size_t i = 1; i < items_.size(); ++i) {
      if (items_[i]->form != oldest.form) continue;
      // What does not fit must not be passed by what came later.
      taken.more = rows + items_[i]->rows > plan.rows;
      if (taken.more) break;
      rows += items_[i]->rows;
      chosen.push_back(i);
    }
  }
  const bool full = oldest.form.empty() || taken.more || rows >= plan.rows;
  if (!full && oldest.waited && plan.delay.count() > 0 && now < oldest.since + plan.delay) {
    *until = oldest.since + plan.delay;
    return {};
  }
  std::vector<std::shared_ptr<Item>> passed;  // of other forms
  std::size_t next = 0;
  for (std::size_t i = 0; i <= chosen.back(); ++i) {
    const bool is_chosen = chosen[next] == i;
    (is_chosen ? taken.items : passed).push_back(std::move(items_.front()));
    items_.pop_front();
    if (is_chosen) ++next;
  }
  items_.insert(items_.begin(), passed.begin(), passed.end());
  return taken;
}

}  // namespace aloft::batching
