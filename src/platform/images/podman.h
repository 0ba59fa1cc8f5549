// The images that podman holds for this user: found by name, saved to an archive. Nothing is run by it.
#pragma once

#include <string>
#include <string_view>

#include "platform/images/types.h"

namespace aloft::images {

class Podman {
 public:
  explicit Podman(std::string program = "/usr/bin/podman") : program_(std::move(program)) {}

  bool present() const;
  // Its id. kNoSuchImage; kUnavailable where podman itself fails.
  Result<std::string> FindId(std::string_view name) const;
  // Into the file, which must not exist.
  Status Save(const std::string& id, const std::string& archive, const Progress& progress) const;

 private:
  Result<std::string> Run(std::vector<std::string> arguments, int deadline_seconds, const Progress& progress) const;

  std::string program_;
};

}  // namespace aloft::images
