// Images that lie unpacked on this machine: `<directory>/<id>/` with its configuration and its files, made whole or not
// at all, never changed; `<directory>/names.json` says which id a name means. docs/formats/images.md.
//
// Several processes (the server, agents, the command line) use one store at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/images/types.h"

namespace aloft::images {

struct StoredImage {
  std::string id;
  std::vector<std::string> names;  // none: an engine's image, unpacked for a task
};

class Store {
 public:
  explicit Store(std::string directory) : directory_(std::move(directory)) {}

  // The id that the name means here, or that it is (whole, or "sha256:..."). Reads one small file.
  std::optional<std::string> FindId(std::string_view name) const;
  // kNoSuchImage where it is not unpacked here.
  Result<Image> Open(const std::string& id) const;
  Result<std::vector<StoredImage>> List() const;

  // Unpacks the archive unless its image is here, and gives it `name`, or with an empty name those that the archive
  // has. Durable when it returns. `keep_names` false: no name at all.
  Result<Image> Load(const std::string& archive, const std::string& name, bool keep_names,
                     const Progress& progress) const;

  // Forgets the name; the image's files too where no name is left. By id: the image with all its names.
  Status Remove(const std::string& name) const;

 private:
  std::string PathOf(const std::string& id) const { return directory_ + "/" + id; }
  Status Name(const std::vector<std::string>& names, const std::string& id) const;
  Status Unpack(const struct ArchivedImage& archived, const Progress& progress) const;

  std::string directory_;
};

}  // namespace aloft::images
