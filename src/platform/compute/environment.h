// Python environments: virtual environments made from the pinned files of runtime/environments, on first use, and kept.
//
// The name of an environment's directory holds a digest of what it is made from, so an environment never changes; a
// changed file makes a new one. Several processes may ask at once: one makes it, the others wait.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::compute {

struct Environment {
  std::string path;  // bin/python is below it
  bool ready = false;
  std::vector<std::string> versions;  // "Python 3.11.2", "scikit-learn 1.9.1": what is really there
};

class Environments {
 public:
  // `python`: the interpreter that virtual environments are made of.
  Environments(std::string directory, std::string runtime_directory, std::string python = "/usr/bin/python3");

  // Where it is or will be. kNoSuchFile where no such environment is described.
  Result<Environment> Find(const std::string& name) const;

  // Makes it unless it is there. `progress` gets a line now and then.
  Result<Environment> Ensure(const std::string& name, const std::function<void(std::string_view)>& progress,
                             const std::function<bool()>& cancelled) const;

 private:
  // `lock` is held by what makes it, so that nobody makes it anew while an installer still writes.
  Status Make(const std::string& name, const Environment& environment, int lock,
              const std::function<void(std::string_view)>& progress, const std::function<bool()>& cancelled) const;

  std::string directory_, runtime_directory_, python_;
};

}  // namespace aloft::compute
