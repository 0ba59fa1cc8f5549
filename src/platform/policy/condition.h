// The conditions of a policy statement, compiled.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "platform/policy/pattern.h"
#include "platform/policy/policy.h"

namespace aloft::policy::internal {

enum class Family { kString, kStringIgnoreCase, kStringLike, kArn, kNumeric, kDate, kBool, kBinary, kIp, kNull };
enum class Comparison { kEquals, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };
enum class Quantifier { kNone, kForAllValues, kForAnyValue };

// A range of addresses; an IPv4 address is kept as IPv6 (::ffff:a.b.c.d).
struct AddressRange {
  std::array<std::uint8_t, 16> address{};
  int bits = 128;
};
std::optional<AddressRange> ParseAddressRange(std::string_view text);

// One value of a condition in the form its family compares.
struct ConditionValue {
  std::optional<Pattern> pattern;
  double number = 0;
  Time time{};
  bool truth = false;
  std::string bytes;
  AddressRange range;
};

struct Condition {
  Family family = Family::kString;
  Comparison comparison = Comparison::kEquals;
  bool negated = false;
  bool if_exists = false;
  Quantifier quantifier = Quantifier::kNone;
  std::string key;   // lower case
  std::string name;  // as written
  std::vector<ConditionValue> values;

  // `undecided` is the answer of a negated operator that meets a variable without a value or a text of another family:
  // true in a Deny, false in an Allow, so that neither opens a door.
  bool Holds(const Keys& keys, bool undecided) const;
};

// "StringEquals": {"aws:username": ["ada"]} and so on; `place` is for messages.
Result<std::vector<Condition>> ParseConditions(const boost::json::value& block, bool variables, std::string_view place);

}  // namespace aloft::policy::internal
