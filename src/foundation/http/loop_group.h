// The loops behind IoThreads. Internal.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foundation/http/io_threads.h"
#include "foundation/http/loop.h"

namespace aloft::http {

class LoopGroup final : public IoThreads {
 public:
  LoopGroup(int threads, const std::string& name);
  ~LoopGroup() override;  // closes the loops

  // The shared ones, or new ones where there are none to share.
  static std::shared_ptr<LoopGroup> Of(const std::shared_ptr<IoThreads>& shared, int threads, const std::string& name);

  const std::vector<std::shared_ptr<Loop>>& loops() const { return loops_; }

 private:
  std::vector<std::shared_ptr<Loop>> loops_;
};

}  // namespace aloft::http
