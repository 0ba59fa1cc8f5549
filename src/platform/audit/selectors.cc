#include "platform/audit/selectors.h"

namespace aloft::audit {

bool Wants(const std::vector<DataSelector>& selectors, const Class& kind, std::string_view arn) {
  for (const DataSelector& each : selectors) {
    if (each.type != kind.data_type || !(kind.read_only ? each.reads : each.changes)) continue;
    if (each.prefixes.empty() && each.exact.empty()) return true;
    for (const std::string& whole : each.exact)
      if (arn == whole) return true;
    for (const std::string& prefix : each.prefixes) {
      if (arn.starts_with(prefix)) return true;
      // "arn:aws:s3:::bucket/" is every object of the bucket, and what is asked of the bucket itself: its listing.
      if (prefix.ends_with('/') && arn == std::string_view(prefix).substr(0, prefix.size() - 1)) return true;
    }
  }
  return false;
}

}  // namespace aloft::audit
