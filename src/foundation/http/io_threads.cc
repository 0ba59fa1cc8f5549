#include "foundation/http/io_threads.h"

#include <algorithm>

#include "foundation/http/loop_group.h"

namespace aloft::http {

LoopGroup::LoopGroup(int threads, const std::string& name) {
  for (int i = 0; i < std::max(threads, 1); ++i)
    loops_.push_back(std::make_shared<Loop>(name + "-" + std::to_string(i)));
}

LoopGroup::~LoopGroup() {
  for (const auto& loop : loops_) loop->Close();
}

std::shared_ptr<LoopGroup> LoopGroup::Of(const std::shared_ptr<IoThreads>& shared, int threads,
                                         const std::string& name) {
  if (shared) return std::static_pointer_cast<LoopGroup>(shared);
  return std::make_shared<LoopGroup>(threads, name);
}

std::shared_ptr<IoThreads> IoThreads::Start(int threads, const std::string& name) {
  return std::make_shared<LoopGroup>(threads, name);
}

}  // namespace aloft::http
