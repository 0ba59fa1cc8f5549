// A directory whose changes become objects while code writes it: checkpoints, continuous outputs.
//
// A file is stored when two looks in a row found it the same, so that what is being written is rarely stored by halves,
// and in any case at the last look, after the code has ended. What the code deletes stays stored.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "platform/compute/agent/object_transfer.h"
#include "platform/compute/task.h"

namespace aloft::compute {

class DirectorySync {
 public:
  // `ml`: the open directory that is /opt/ml inside; outlives this.
  DirectorySync(ObjectTransfer& transfer, int ml, const Output& output);

  // What is there now counts as stored already: it was just brought from there.
  void AssumeStored();
  // Stores what has changed. `last`: also what may still be changing. The first error ends the look; what was stored
  // stays known. kInvalidArgument where the code has replaced the directory by something else.
  Status Look(bool last);

  const std::string& s3_uri() const { return uri_; }

 private:
  struct Version {
    std::int64_t modified = 0;  // nanoseconds
    std::uint64_t size = 0, inode = 0;
    bool operator==(const Version&) const = default;
  };
  struct Known {
    Version seen, stored;
    bool is_stored = false;
  };
  Status Walk(int directory, const std::string& below, bool last, bool assume);

  ObjectTransfer& transfer_;
  const int ml_;
  const std::string path_, uri_;
  std::string bucket_, prefix_;
  std::map<std::string, Known> files_;
};

}  // namespace aloft::compute
