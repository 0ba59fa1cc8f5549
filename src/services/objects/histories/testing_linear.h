// Whether what many threads saw of one key could have come from operations that happened one after the other. Test code
// only.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace aloft::objects {

// An operation on one key, between two ticks of a clock that all threads share. Each value is written once, but for 0,
// which stands for "nothing there": deletions write it, too.
struct Happened {
  std::size_t value = 0;
  bool write = false;
  int begin = 0, end = 0;
};

// Empty where nothing contradicts. Of values: a read needs its write, and no other write may lie wholly between them.
// Of the key: between its first end and its last begin a value must have been there (Gibbons and Korach, "Testing
// Shared Memories": zones), so two such times cannot overlap, nor can all of a value's operations lie within another's
// time.
inline std::string Contradiction(const std::vector<Happened>& history) {
  struct Zone {
    int first_end = 0, last_begin = 0;
    bool written = false, seen = false;
  };
  std::map<std::size_t, Zone> zones;
  for (const auto& read : history) {
    if (read.value != 0) {
      auto& zone = zones[read.value];
      zone.first_end = zone.seen ? std::min(zone.first_end, read.end) : read.end;
      zone.last_begin = zone.seen ? std::max(zone.last_begin, read.begin) : read.begin;
      zone.seen = true;
      zone.written = zone.written || read.write;
    }
    if (read.write) continue;
    bool possible = read.value == 0 && std::none_of(history.begin(), history.end(), [&](const Happened& other) {
                      return other.write && other.end < read.begin;
                    });
    for (const auto& written : history) {
      if (!written.write || written.value != read.value || written.begin > read.end) continue;
      possible = possible || std::none_of(history.begin(), history.end(), [&](const Happened& other) {
                   return other.write && other.begin > written.end && other.end < read.begin;
                 });
    }
    if (!possible) return std::to_string(read.value) + " was read at " + std::to_string(read.begin);
  }
  for (const auto& [value, zone] : zones) {
    if (!zone.written) return std::to_string(value) + " was read and never written";
    if (zone.first_end >= zone.last_begin) continue;
    for (const auto& [other, theirs] : zones) {
      if (other == value) continue;
      int from = std::min(theirs.first_end, theirs.last_begin), to = std::max(theirs.first_end, theirs.last_begin);
      bool lasting = theirs.first_end < theirs.last_begin;
      bool meets =
          lasting ? from < zone.last_begin && zone.first_end < to : from > zone.first_end && to < zone.last_begin;
      if (meets) return std::to_string(value) + " and " + std::to_string(other) + " were there at once";
    }
  }
  return {};
}

}  // namespace aloft::objects
