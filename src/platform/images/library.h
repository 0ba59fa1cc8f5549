// Every image this machine can run: those of the store, and those of podman, which are unpacked when first used.
#pragma once

#include <string>
#include <string_view>

#include "platform/images/podman.h"
#include "platform/images/store.h"

namespace aloft::images {

class Library {
 public:
  explicit Library(std::string directory, Podman podman = Podman())
      : directory_(directory), store_(std::move(directory)), podman_(std::move(podman)) {}

  // The id that the name means now: what `aloft images` loaded first, then what podman has. kNoSuchImage. May ask
  // podman, which takes about a tenth of a second.
  Result<std::string> FindId(std::string_view name) const;

  // Unpacked, however long it takes.
  Result<Image> Ensure(const std::string& id, const Progress& progress) const;

  // From podman into the store, under its name.
  Result<Image> LoadFromPodman(const std::string& name, const Progress& progress) const;

  const Store& store() const { return store_; }
  // Where the image's files are, or will be.
  std::string RootOf(const std::string& id) const { return directory_ + "/" + id + "/rootfs"; }

 private:
  Result<Image> Fetch(const std::string& id, const std::string& name, const Progress& progress) const;

  std::string directory_;
  Store store_;
  Podman podman_;
};

}  // namespace aloft::images
