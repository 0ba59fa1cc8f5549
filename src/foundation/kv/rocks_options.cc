#include "foundation/kv/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace aloft::kv {
namespace {

constexpr int kCacheShardBits = 3;

}  // namespace

rocksdb::Options RocksOptions(const Options& ours) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  // Small objects lie in the store, so a busy server fills a memtable several times a second: with one of a quarter of
  // this size flushing and merging took a fifth of what a small PUT costs.
  options.write_buffer_size = ours.cache_bytes / 2;
  options.max_write_buffer_number = 3;
  options.max_total_wal_size = 64u << 20;
  // Merging level 0 rewrites the level below it whole: rarely, and never a large one. With the usual 256 MiB for four
  // small files what is only ever appended (the audit log) would be packed anew a hundred times.
  options.level0_file_num_compaction_trigger = 8;
  options.max_bytes_for_level_base = ours.cache_bytes / 2;
  options.target_file_size_base = ours.cache_bytes / 8;
  options.target_file_size_multiplier = 4;  // many small files above, few large ones below
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  options.bytes_per_sync = 1u << 20;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  options.bottommost_compression_opts.enabled = true;
  options.bottommost_compression_opts.level = 1;  // most bytes are encrypted or packed already
  options.level_compaction_dynamic_level_bytes = true;
  options.skip_stats_update_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 4;
  options.max_log_file_size = 1u << 20;
  // A power cut may leave a torn record at the end of the log, which was never acknowledged. What follows a torn record
  // is not replayed; logs that were synced and vanished are noticed through the manifest.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.track_and_verify_wals_in_manifest = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(ours.cache_bytes, kCacheShardBits);
  table.block_size = 16u << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // A whole filter of a file of a million keys is larger than a shard of the cache, so that each read would fetch it
  // from the disk; in partitions only what a key needs is read, and stays.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 8u << 10;
  table.cache_index_and_filter_blocks = true;
  table.pin_top_level_index_and_filter = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace aloft::kv
