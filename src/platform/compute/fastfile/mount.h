// Answers the kernel for one read-only FUSE mount, from a tree and blocks. The protocol: linux/fuse.h, version 7.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"
#include "platform/compute/fastfile/block_cache.h"
#include "platform/compute/fastfile/tree.h"

namespace aloft::compute::fastfile {

struct MountOptions {
  uid_t owner = 0;  // of everything in it, as the mount's user namespace names it
  int threads = 8;
  // A read of this leaf failed; at most once for each leaf. On the mount's threads.
  std::function<void(std::size_t leaf, const Error& error)> on_failure{};
};

class Mount {
 public:
  // `device` is /dev/fuse, given to a mount. Serves until Stop.
  static Result<std::unique_ptr<Mount>> Serve(os::Fd device, Tree tree, std::unique_ptr<BlockCache> blocks,
                                              MountOptions options);
  ~Mount() { Stop(); }
  // Every waiting and every later call inside ends with an error; joins.
  void Stop();

  BlockCache::Counts counts() const { return blocks_->counts(); }

 private:
  struct Request;
  struct Reader {  // one open file
    std::size_t leaf = 0;
    std::uint64_t next_block = 0;  // where a sequential reader goes on
    std::uint64_t ahead = 0;       // how many blocks to fetch ahead of it
  };

  Mount(os::Fd device, Tree tree, std::unique_ptr<BlockCache> blocks, MountOptions options);
  void Loop();
  void Answer(const Request& request);
  void Reply(std::uint64_t unique, int error, std::string_view payload = {});
  void Init(const Request& request);
  void Lookup(const Request& request);
  void Attributes(const Request& request);
  void Open(const Request& request, bool directory);
  void Release(const Request& request);
  void Read(const Request& request);
  void ReadDirectory(const Request& request, bool plus);
  void Statistics(const Request& request);
  void ReadAhead(std::uint64_t handle, std::size_t leaf, std::uint64_t first, std::uint64_t last);
  void Failed(std::size_t leaf, const Error& error);

  os::Fd device_, stop_;
  const Tree tree_;
  std::unique_ptr<BlockCache> blocks_;
  const MountOptions options_;
  std::mutex mutex_;
  std::uint64_t next_handle_ = 1;
  std::map<std::uint64_t, Reader> readers_;
  std::size_t last_opened_ = Tree::kNoLeaf;
  int opened_in_order_ = 0;
  std::map<std::size_t, bool> failed_;
  std::vector<std::thread> threads_;
};

}  // namespace aloft::compute::fastfile
