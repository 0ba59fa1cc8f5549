// Channels in input mode FastFile: mounts whose files are fetched as the code reads them (platform/compute/fastfile).
// The sandbox makes the mounts; this lists what they hold, and answers for them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foundation/os/fd.h"
#include "platform/compute/agent/object_list.h"
#include "platform/compute/agent/stager.h"
#include "platform/compute/fastfile/mount.h"

namespace aloft::compute {

class FastFiles {
 public:
  // `transfer` is asked for ranges until Stop; `owner`: of the files, as the sandbox's mounts name it.
  FastFiles(ObjectTransfer& transfer, StagerOptions options, uid_t owner)
      : transfer_(transfer), options_(std::move(options)), owner_(owner) {}
  ~FastFiles() { Stop(); }

  // Whether this machine can mount; else why not, for people.
  static Status Available();

  // Lists a channel; makes the directory that its mount will cover. Errors as Stager::Bring's.
  Status Open(const Input& input);
  // The mounts' descriptors, in the order in which the channels were opened.
  Status Serve(std::vector<os::Fd> devices);
  // The code has ended, or has to: whatever still reads gets an error.
  void Stop();
  bool empty() const { return channels_.empty(); }
  // What was read so far, for each channel.
  std::vector<InputRead> reads() const;

 private:
  struct Channel {
    std::string name;
    std::vector<ListedObject> objects;
    fastfile::Tree tree;
    std::uint64_t bytes = 0;
    std::unique_ptr<fastfile::Mount> mount;
  };
  Status FindSizes(std::vector<ListedObject>& objects);

  ObjectTransfer& transfer_;
  StagerOptions options_;
  const uid_t owner_;
  std::vector<std::unique_ptr<Channel>> channels_;
};

}  // namespace aloft::compute
