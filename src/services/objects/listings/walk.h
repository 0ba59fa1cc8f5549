// One walk for all listings: items in byte order, those that share a prefix up to the delimiter rolled into one, which
// is passed over by a seek and never scanned.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/kv/store.h"

namespace aloft::objects {

struct Walk {
  const char* space = nullptr;
  std::string base;  // what all keys of the bucket begin with
  std::string prefix;
  std::string delimiter;
  std::string from;  // the first key to look at, base included
  std::size_t limit = 1000;
  // Of a key without its base, the part that prefix and delimiter are about. Its length; the rest is a suffix.
  std::function<std::size_t(std::string_view key)> name_length;
  // True for entries that the listing does not show.
  bool (*is_hidden)(std::string_view value) = nullptr;
  // Called for each item; `rest` is the key without base.
  std::function<Status(std::string_view rest, const kv::Entry& entry)> on_item;
  std::function<void(std::string_view common_prefix)> on_prefix;
};

// True where there is more than `limit` items and prefixes together.
Result<bool> Run(kv::Store& store, const Walk& walk);

// Whether `name` is what a listing with these would show as a common prefix.
bool IsCommonPrefix(std::string_view name, std::string_view prefix, std::string_view delimiter);

}  // namespace aloft::objects
