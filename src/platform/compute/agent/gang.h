// What an agent sees of the other hosts of its job: their tasks' directories lie beside its own.
#pragma once

#include <functional>
#include <string>

#include "foundation/base/result.h"
#include "platform/compute/agent/beneath.h"
#include "platform/compute/task.h"

namespace aloft::compute {

class GangView {
 public:
  // `directory`: this task's own.
  GangView(Gang gang, const std::string& directory);

  bool several() const { return gang_.members.size() > 1; }
  bool first() const { return gang_.index == 0; }

  // Until no other host's command runs any more, or `cancelled`. False where one of them did not end well: then there
  // is no whole result.
  bool WaitForCommands(const std::function<bool()>& cancelled) const;
  // Until the first host has ended, or `cancelled`: it takes what this one has written.
  void WaitForCollector(const std::function<bool()>& cancelled) const;
  // Adds the other hosts' files below `path` (relative to /opt/ml) to those below `ml`; a later host's replace an
  // earlier one's. Links are left out.
  Status Collect(int ml, const std::string& path, Owner owner) const;

 private:
  std::string DirectoryOf(std::size_t member) const;
  // Of the agent of that task: gone, however.
  bool IsGone(std::size_t member) const;

  Gang gang_;
  std::string tasks_;
};

}  // namespace aloft::compute
