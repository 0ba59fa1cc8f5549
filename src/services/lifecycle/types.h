// What a bucket's owner wishes to happen to objects as they age.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "services/objects/contract/types.h"

namespace aloft::lifecycle {

struct Filter {
  std::string prefix{};
  objects::Pairs tags{};
  std::optional<std::uint64_t> larger_than{};
  std::optional<std::uint64_t> smaller_than{};
};

// After so many days of a version's life, or from a date on.
struct Moment {
  std::optional<int> days{};
  std::optional<Time> date{};
};

struct Move {
  Moment when{};
  std::string storage_class{};
};

// Of versions that are no longer the latest: days since they stopped being it, and how many newer ones of their kind
// stay untouched.
struct OlderMove {
  int days = 0;
  int keep = 0;
  std::string storage_class{};  // empty: they are removed
};

struct Rule {
  std::string id{};
  bool enabled = false;
  Filter filter{};
  std::optional<Moment> expiration{};
  bool remove_lone_markers = false;  // delete markers with no version behind them
  std::vector<Move> transitions{};
  std::vector<OlderMove> older{};
  std::optional<int> abort_uploads_after_days{};
};

struct Configuration {
  std::vector<Rule> rules{};
};

// From the document that the bucket keeps: S3's LifecycleConfiguration, which the API has validated. kCorrupt.
Result<Configuration> ParseConfiguration(std::string_view document);

}  // namespace aloft::lifecycle
