// Image names -> runtimes: which Python environment stands in for the image of
// a known framework. From runtime/runtimes.toml; an image that no line names is
// refused, never swapped for something else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::compute {

struct Runtime {
  std::string name;                // "scikit-learn"
  std::string environment;         // of runtime/environments
  std::vector<std::string> train;  // the command of a training job
  std::vector<std::string> serve;  // the command of a model worker
  // Environments whose packages, in the same versions, this one's environment holds, too.
  std::vector<std::string> includes;
  bool multi_model = false;  // its worker can hold many models
};

class RuntimeTable {
 public:
  // `directory` holds runtimes.toml and environments/.
  static Result<RuntimeTable> Load(const std::string& directory);

  // kUnknownImage with what to do about it. Image:
  // "<registry>/<repository>:<tag>", matched by glob without case.
  Result<Runtime> Resolve(std::string_view image) const;

 private:
  struct Row {
    std::vector<std::string> images;
    Runtime runtime;
  };
  std::vector<Row> rows_;
};

}  // namespace aloft::compute
