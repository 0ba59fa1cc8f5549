// Image names -> runtimes: which Python environment stands in for the image of
// a known framework. From runtime/runtimes.toml; an image that no line names runs
// as a container where this machine has it, and is refused elsewhere, never
// swapped for something else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "platform/compute/task.h"
#include "platform/images/library.h"

namespace aloft::compute {

// A metric that an algorithm's log lines hold: what a training job's MetricDefinitions say of a script's.
struct RuntimeMetric {
  std::string name;   // "train:rmse"
  std::string regex;  // with one group, the value
};

struct Runtime {
  std::string name;                // "scikit-learn"
  std::string environment;         // of runtime/environments
  std::vector<std::string> train;  // the command of a training job
  std::vector<std::string> serve;  // the command of a model worker
  // Environments whose packages, in the same versions, this one's environment holds, too.
  std::vector<std::string> includes{};
  bool multi_model = false;  // its worker can hold many models
  std::string framework{};   // the package whose version images of this runtime have in their tag; empty: none
  std::string image{};       // the id of a container image that runs as it is; then there is no environment, and
                             // the commands are arguments of its entrypoint
  // Of the algorithm that trains where a job brings no script; empty: its jobs bring one.
  std::vector<RuntimeMetric> metrics{};
};

// How the log and Describe name it: `environment "python"`, `image 0123456789ab`.
std::string NameOf(const Runtime& runtime);
// Makes the task run it: its environment or its image. The command is the caller's.
void UseRuntime(const Runtime& runtime, TaskSpec& spec);

class RuntimeTable {
 public:
  // `directory` holds runtimes.toml and environments/.
  static Result<RuntimeTable> Load(const std::string& directory);

  // From now on an image whose tag names another version of its framework than the one that is here is refused.
  void RefuseOtherVersions() { strict_ = true; }

  // Names that no row has are then looked for among these.
  void UseImages(images::Library library) { images_ = std::move(library); }

  // kUnknownImage with what to do about it, also where versions differ and must not. Image:
  // "<registry>/<repository>:<tag>", matched by glob without case.
  Result<Runtime> Resolve(std::string_view image) const;

 private:
  struct Row {
    std::vector<std::string> images;
    Runtime runtime;
  };
  Status CheckVersion(const Runtime& runtime, std::string_view image) const;

  std::string directory_;
  bool strict_ = false;
  std::vector<Row> rows_;
  std::optional<images::Library> images_;
};

}  // namespace aloft::compute
