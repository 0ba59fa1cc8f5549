// How RocksDB is set up: for records of some hundred bytes to some kibibytes, most of them written once. Private to the
// room.
#pragma once

#include <rocksdb/options.h>

#include "foundation/kv/store.h"

namespace aloft::kv {

rocksdb::Options RocksOptions(const Options& ours);

}  // namespace aloft::kv
