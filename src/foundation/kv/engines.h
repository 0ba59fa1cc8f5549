// The engines behind Store, and what they share. Private to the room.
#pragma once

#include <memory>
#include <string_view>

#include "foundation/kv/store.h"

namespace aloft::kv {

std::unique_ptr<Store> OpenMemoryStore();
Result<std::unique_ptr<Store>> OpenRocksStore(const Options& options, Log log);
Result<std::unique_ptr<Store>> OpenPostgresStore(const Options& options, Log log);

// Sizes and names; every engine refuses alike.
Status CheckKey(std::string_view space, std::string_view key);
Status CheckBatch(const Batch& batch);
Error VersionMismatch();

// Collects a page of a scan: `Add` returns false once the page is full, and then the entry was not taken.
class PageBuilder {
 public:
  explicit PageBuilder(const ScanRange& range) : range_(range) {}

  bool Add(std::string_view key, std::string_view value, Version version) {
    std::size_t bytes = key.size() + (range_.keys_only ? 0 : value.size());
    bool full = !page_.entries.empty() && (page_.entries.size() >= range_.limit || bytes_ + bytes > range_.max_bytes);
    if (full) {
      page_.more = true;
      return false;
    }
    bytes_ += bytes;
    page_.entries.push_back({std::string(key), range_.keys_only ? std::string() : std::string(value), version});
    return true;
  }
  ScanPage Take() { return std::move(page_); }

 private:
  const ScanRange& range_;
  ScanPage page_;
  std::size_t bytes_ = 0;
};

}  // namespace aloft::kv
