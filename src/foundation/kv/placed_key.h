// A record's key with its hash, made once on the thread that asks and used by every table that the record passes.
// Private to the room.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace aloft::kv {

struct PlacedKey {
  PlacedKey() = default;
  explicit PlacedKey(std::string key) : text(std::move(key)), hash(std::hash<std::string>()(text)) {}

  bool operator==(const PlacedKey& other) const { return hash == other.hash && text == other.text; }

  std::string text;
  std::size_t hash = 0;
};

struct HashOfPlaced {
  std::size_t operator()(const PlacedKey& key) const noexcept { return key.hash; }
};

}  // namespace aloft::kv
