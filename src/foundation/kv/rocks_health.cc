#include "foundation/kv/rocks_health.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "foundation/kv/store.h"

namespace aloft::kv {
namespace {

// What stays free for what is not written yet but acknowledged: memtables to flush, files to merge. RocksDB 7.8 as
// Debian builds it, with assertions, may end the process where a flush meets a full disk.
constexpr std::uint64_t kReservedBytes = 64u << 20;

}  // namespace

Error RocksHealth::Failed(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return Fail(kDiskFull, "The disk is full.", status.ToString());
  if (!read_only_.exchange(true))
    log_.Error("key-value store: refusing writes until it is reopened", {{"cause", status.ToString()}});
  if (status.IsCorruption()) return Fail(kCorrupt, "Stored bytes are damaged.", status.ToString());
  return Fail(kIoError, "The key-value store failed.", status.ToString());
}

Status RocksHealth::TakesWrites() const {
  if (read_only_.load(std::memory_order_relaxed))
    return Fail(kStoreReadOnly, "The key-value store refuses writes after a disk error.");
  if (!HasRoom()) return Fail(kDiskFull, "The disk is full.", "less is free than the store keeps for itself");
  return {};
}

// On a small file system an eighth of it is kept.
bool RocksHealth::HasRoom() const {
  struct statvfs disk;
  if (statvfs(path_.c_str(), &disk) != 0) return true;
  const std::uint64_t all = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  return std::uint64_t{disk.f_bavail} * disk.f_frsize >= std::min(kReservedBytes, all / 8);
}

}  // namespace aloft::kv
