#include "services/objects/listings/walk.h"

#include <algorithm>

#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kSmallestScan = 16;
constexpr std::size_t kLargestScan = 1001;

}  // namespace

bool IsCommonPrefix(std::string_view name, std::string_view prefix, std::string_view delimiter) {
  if (delimiter.empty() || !name.starts_with(prefix)) return false;
  auto at = name.find(delimiter, prefix.size());
  return at != std::string_view::npos && at + delimiter.size() == name.size();
}

Result<bool> Run(kv::Store& store, const Walk& walk) {
  std::string lowest = walk.base + walk.prefix;
  kv::ScanRange range{.from = std::max(walk.from, lowest), .to = After(lowest)};
  std::size_t count = 0;
  // With a delimiter most of a page may be passed over: begin small.
  std::size_t scan = walk.delimiter.empty() ? kLargestScan : 4 * kSmallestScan;
  while (range.from < range.to) {
    range.limit = std::min(scan, walk.limit - count + 1);
    ALOFT_ASSIGN(auto page, store.Scan(walk.space, range));
    bool skipped = false;
    for (const auto& entry : page.entries) {
      if (entry.key < range.from) continue;  // below a common prefix
      skipped = false;
      if (walk.is_hidden != nullptr && walk.is_hidden(entry.value)) {
        range.from = entry.key + '\0';
        continue;
      }
      std::string_view rest = std::string_view(entry.key).substr(walk.base.size());
      std::string_view name = rest.substr(0, walk.name_length ? walk.name_length(rest) : rest.size());
      // A prefix may reach into the suffix: that is another name's.
      if (!name.starts_with(walk.prefix)) {
        range.from = entry.key + '\0';
        continue;
      }
      auto at = walk.delimiter.empty() ? std::string_view::npos : name.find(walk.delimiter, walk.prefix.size());
      if (count == walk.limit) return true;
      ++count;
      if (at == std::string_view::npos) {
        ALOFT_TRY(walk.on_item(rest, entry));
        range.from = entry.key + '\0';
      } else {
        std::string_view common = name.substr(0, at + walk.delimiter.size());
        walk.on_prefix(common);
        range.from = After(walk.base + std::string(common));
        skipped = true;
      }
    }
    if (!page.more) return false;
    scan = skipped ? kSmallestScan : std::min(scan * 2, kLargestScan);
  }
  return false;
}

}  // namespace aloft::objects
