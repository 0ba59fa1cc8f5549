// Packages that a job asks for beyond its environment (requirements.txt): installed once for each content and account,
// kept, and read by every later task that asks for the same.
//
//   <directory>/<name>/        the packages, as `pip install --target` leaves them, and .aloft-complete
//   <directory>/<name>.lock    flock: exclusive while it is made or removed, shared while a task uses it
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::compute {

class Overlays {
 public:
  // At most `most` are kept; those that were used least recently go first.
  explicit Overlays(std::string directory, std::size_t most = 64);

  // What is made is named by all that decides it: the requirements, the environment, the installer's variables (PIP_*),
  // and whose it is. Absent where the text does not say what will be installed: it names files beside it, or a branch.
  static std::optional<std::string> NameOf(std::string_view requirements, const std::string& environment,
                                           const std::string& owner,
                                           const std::map<std::string, std::string>& variables);

  struct Overlay {
    std::string path{};
    bool ready = false;
    std::vector<std::string> packages{};  // once ready: "pandas 3.1.1"
    os::Fd lock{};                        // hold it as long as it is used, or made
  };
  // Ready, or the caller's to make while everybody else waits. kCancelled. `waiting` is called once where somebody else
  // makes it.
  Result<Overlay> Acquire(const std::string& name, const std::function<void()>& waiting,
                          const std::function<bool()>& cancelled) const;

  // Moves what was made at `source` here, readable by all and owned by this process's user; it is ready then. Removes
  // what has not been used for longest.
  Status Publish(Overlay& overlay, const std::string& source) const;

 private:
  void Prune() const;

  std::string directory_;
  std::size_t most_;
};

}  // namespace aloft::compute
