#include "platform/images/library.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "foundation/os/file.h"
#include "platform/images/errors.h"

namespace aloft::images {

Result<std::string> Library::FindId(std::string_view name) const {
  if (auto id = store_.FindId(name)) return *id;
  return podman_.FindId(name);
}

Result<Image> Library::Ensure(const std::string& id, const Progress& progress) const {
  auto image = store_.Open(id);
  if (image.ok() || !podman_.present()) return image;
  if (progress.say) progress.say("Unpacking the image (once; later tasks find it ready).");
  auto fetched = Fetch(id, "", progress);
  // The store's words: podman does not know what was asked of it and why.
  if (!fetched.ok() && fetched.error().reason == kNoSuchImage) return image;
  return fetched;
}

Result<Image> Library::LoadFromPodman(const std::string& name, const Progress& progress) const {
  ALOFT_ASSIGN(std::string id, podman_.FindId(name));
  return Fetch(id, name, progress);
}

Result<Image> Library::Fetch(const std::string& id, const std::string& name, const Progress& progress) const {
  ALOFT_TRY(os::MakeDirectories(directory_, 0700));
  std::string scratch = directory_ + "/.podman-XXXXXX";
  if (!::mkdtemp(scratch.data())) return SystemError("mkdtemp", errno);
  auto load = [&]() -> Result<Image> {
    std::string archive = scratch + "/image.tar";
    ALOFT_TRY(podman_.Save(id, archive, progress));
    ALOFT_ASSIGN(Image image, store_.Load(archive, name, !name.empty(), progress));
    if (image.id != id) return Fail(kBadImage, "podman saved another image than " + id + ": " + image.id);
    return image;
  };
  auto image = load();
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  return image;
}

}  // namespace aloft::images
