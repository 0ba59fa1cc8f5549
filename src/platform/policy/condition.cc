#include "platform/policy/condition.h"

#include <arpa/inet.h>

#include <boost/json/value.hpp>
#include <charconv>
#include <cstring>

#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "platform/policy/errors.h"

namespace aloft::policy::internal {
namespace {

struct Operator {
  std::string_view name;  // lower case
  Family family;
  Comparison comparison = Comparison::kEquals;
  bool negated = false;
};

constexpr Operator kOperators[] = {
    {"stringequals", Family::kString},
    {"stringnotequals", Family::kString, Comparison::kEquals, true},
    {"stringequalsignorecase", Family::kStringIgnoreCase},
    {"stringnotequalsignorecase", Family::kStringIgnoreCase, Comparison::kEquals, true},
    {"stringlike", Family::kStringLike},
    {"stringnotlike", Family::kStringLike, Comparison::kEquals, true},
    {"arnequals", Family::kArn},
    {"arnlike", Family::kArn},
    {"arnnotequals", Family::kArn, Comparison::kEquals, true},
    {"arnnotlike", Family::kArn, Comparison::kEquals, true},
    {"numericequals", Family::kNumeric},
    {"numericnotequals", Family::kNumeric, Comparison::kEquals, true},
    {"numericlessthan", Family::kNumeric, Comparison::kLess},
    {"numericlessthanequals", Family::kNumeric, Comparison::kLessOrEqual},
    {"numericgreaterthan", Family::kNumeric, Comparison::kGreater},
    {"numericgreaterthanequals", Family::kNumeric, Comparison::kGreaterOrEqual},
    {"dateequals", Family::kDate},
    {"datenotequals", Family::kDate, Comparison::kEquals, true},
    {"datelessthan", Family::kDate, Comparison::kLess},
    {"datelessthanequals", Family::kDate, Comparison::kLessOrEqual},
    {"dategreaterthan", Family::kDate, Comparison::kGreater},
    {"dategreaterthanequals", Family::kDate, Comparison::kGreaterOrEqual},
    {"bool", Family::kBool},
    {"binaryequals", Family::kBinary},
    {"ipaddress", Family::kIp},
    {"notipaddress", Family::kIp, Comparison::kEquals, true},
    {"null", Family::kNull},
};

Error Malformed(std::string_view place, std::string what) {
  return Fail(kMalformedPolicyDocument, std::move(what) + " (at " + std::string(place) + ")");
}

std::optional<double> ParseNumber(std::string_view text) {
  text = Trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Time> ParseDate(std::string_view text) {
  if (const auto time = codec::ParseIso8601(text)) return time;
  if (const auto seconds = ParseNumber(text)) return codec::FromEpochSeconds(*seconds);
  return std::nullopt;
}

std::optional<bool> ParseTruth(std::string_view text) {
  if (EqualsIgnoreCase(text, "true")) return true;
  if (EqualsIgnoreCase(text, "false")) return false;
  return std::nullopt;
}

template <class T>
bool Compare(Comparison comparison, const T& a, const T& b) {
  switch (comparison) {
    case Comparison::kEquals: return a == b;
    case Comparison::kLess: return a < b;
    case Comparison::kLessOrEqual: return a <= b;
    case Comparison::kGreater: return a > b;
    case Comparison::kGreaterOrEqual: return a >= b;
  }
  return false;
}

bool Within(const AddressRange& range, const AddressRange& address) {
  const int whole = range.bits / 8, rest = range.bits % 8;
  if (std::memcmp(range.address.data(), address.address.data(), static_cast<std::size_t>(whole)) != 0) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  const auto index = static_cast<std::size_t>(whole);
  return ((range.address[index] ^ address.address[index]) & mask) == 0;
}

// Whether one value of the request is what one value of the policy asks for. Absent: it cannot be decided, because the
// text is not of the family or a variable has no value.
std::optional<bool> Matches(const Condition& condition, const ConditionValue& want, std::string_view have,
                            const Keys& keys) {
  switch (condition.family) {
    case Family::kString:
    case Family::kStringLike: return want.pattern->Matches(have, keys);
    case Family::kStringIgnoreCase: return want.pattern->MatchesIgnoringCase(have, keys);
    case Family::kArn: return want.pattern->MatchesArn(have, keys);
    case Family::kNumeric:
      if (const auto number = ParseNumber(have)) return Compare(condition.comparison, *number, want.number);
      return std::nullopt;
    case Family::kDate:
      if (const auto time = ParseDate(have)) return Compare(condition.comparison, *time, want.time);
      return std::nullopt;
    case Family::kBool:
      if (const auto truth = ParseTruth(have)) return *truth == want.truth;
      return std::nullopt;
    case Family::kBinary:
      if (const auto bytes = codec::Base64Decode(have)) return *bytes == want.bytes;
      return std::nullopt;
    case Family::kIp:
      if (const auto address = ParseAddressRange(have)) return Within(want.range, *address);
      return std::nullopt;
    case Family::kNull: break;
  }
  return std::nullopt;
}

// Whether one value of the request satisfies the operator: one of the policy's values, or for a negated operator none.
bool Satisfies(const Condition& condition, std::string_view have, const Keys& keys, bool undecided) {
  bool matched = false, unknown = false;
  for (const ConditionValue& want : condition.values) {
    const std::optional<bool> match = Matches(condition, want, have, keys);
    unknown = unknown || !match;
    matched = match.value_or(false);
    if (matched) break;
  }
  if (!matched && unknown && condition.negated) return undecided;
  return matched != condition.negated;
}

Result<ConditionValue> ParseValue(const Condition& condition, std::string_view text, bool variables,
                                  std::string_view place) {
  ConditionValue out;
  const auto bad = [&](const char* kind) {
    return Malformed(place, "The value \"" + std::string(text) + "\" is not " + kind + ".");
  };
  switch (condition.family) {
    case Family::kString:
    case Family::kStringIgnoreCase:
    case Family::kStringLike:
    case Family::kArn: {
      const bool wildcards = condition.family == Family::kStringLike || condition.family == Family::kArn;
      auto pattern = Pattern::Parse(text, wildcards, variables);
      if (!pattern.ok()) return Malformed(place, pattern.error().message);
      out.pattern = std::move(pattern).value();
      return out;
    }
    case Family::kNumeric:
      if (const auto number = ParseNumber(text))
        out.number = *number;
      else
        return bad("a number");
      return out;
    case Family::kDate:
      if (const auto time = ParseDate(text))
        out.time = *time;
      else
        return bad("a date");
      return out;
    case Family::kBool:
    case Family::kNull:
      if (const auto truth = ParseTruth(text))
        out.truth = *truth;
      else
        return bad("true or false");
      return out;
    case Family::kBinary:
      if (auto bytes = codec::Base64Decode(text))
        out.bytes = std::move(*bytes);
      else
        return bad("base 64");
      return out;
    case Family::kIp:
      if (const auto range = ParseAddressRange(text))
        out.range = *range;
      else
        return bad("an IP address or range");
      return out;
  }
  return out;
}

// Values may be written as text, numbers or booleans.
std::optional<std::string> ScalarText(const boost::json::value& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_number()) return codec::WriteJson(value);
  return std::nullopt;
}

Result<Condition> ParseOperator(std::string_view name, std::string_view place) {
  Condition out;
  std::string lower = ToLower(name);
  if (lower.starts_with("forallvalues:")) {
    out.quantifier = Quantifier::kForAllValues;
    lower.erase(0, 13);
  } else if (lower.starts_with("foranyvalue:")) {
    out.quantifier = Quantifier::kForAnyValue;
    lower.erase(0, 12);
  }
  if (lower.ends_with("ifexists")) {
    out.if_exists = true;
    lower.erase(lower.size() - 8);
  }
  for (const Operator& known : kOperators) {
    if (known.name != lower) continue;
    if (known.family == Family::kNull && (out.if_exists || out.quantifier != Quantifier::kNone)) break;
    out.family = known.family;
    out.comparison = known.comparison;
    out.negated = known.negated;
    return out;
  }
  return Malformed(place, "Invalid Condition type : " + std::string(name) + ".");
}

}  // namespace

std::optional<AddressRange> ParseAddressRange(std::string_view text) {
  AddressRange out;
  int bits = -1;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits < 0) return std::nullopt;
    text = text.substr(0, slash);
  }
  const std::string address(text);
  std::uint8_t four[4];
  if (inet_pton(AF_INET, address.c_str(), four) == 1) {
    if (bits > 32) return std::nullopt;
    out.address[10] = out.address[11] = 0xff;
    std::memcpy(out.address.data() + 12, four, 4);
    out.bits = 96 + (bits < 0 ? 32 : bits);
    return out;
  }
  if (inet_pton(AF_INET6, address.c_str(), out.address.data()) != 1 || bits > 128) return std::nullopt;
  out.bits = bits < 0 ? 128 : bits;
  return out;
}

bool Condition::Holds(const Keys& keys, bool undecided) const {
  const std::span<const std::string> have = keys.Find(key);
  if (family == Family::kNull) {
    for (const ConditionValue& want : values)
      if (want.truth == have.empty()) return true;
    return false;
  }
  if (have.empty()) {
    if (if_exists || quantifier == Quantifier::kForAllValues) return true;
    return quantifier == Quantifier::kNone && negated;
  }
  if (quantifier == Quantifier::kForAllValues || (quantifier == Quantifier::kNone && negated)) {
    for (const std::string& value : have)
      if (!Satisfies(*this, value, keys, undecided)) return false;
    return true;
  }
  for (const std::string& value : have)
    if (Satisfies(*this, value, keys, undecided)) return true;
  return false;
}

Result<std::vector<Condition>> ParseConditions(const boost::json::value& block, bool variables,
                                               std::string_view place) {
  if (!block.is_object()) return Malformed(place, "Syntax errors in policy: Condition must be an object.");
  std::vector<Condition> out;
  for (const auto& [name, keys] : block.as_object()) {
    const std::string here = std::string(place) + "." + std::string(name);
    ALOFT_ASSIGN(const Condition kind, ParseOperator(name, here));
    if (!keys.is_object())
      return Malformed(here, "Syntax errors in policy: an operator holds an object of condition keys.");
    for (const auto& [key, values] : keys.as_object()) {
      const std::string key_place = here + "." + std::string(key);
      if (key.find(':') == std::string_view::npos)
        return Malformed(key_place, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
      Condition condition = kind;
      condition.key = ToLower(key);
      condition.name = key;
      const auto add = [&](const boost::json::value& value) -> Status {
        const auto text = ScalarText(value);
        if (!text)
          return Malformed(key_place, "Syntax errors in policy: a condition value is text, a number or a boolean.");
        ALOFT_ASSIGN(ConditionValue parsed, ParseValue(condition, *text, variables, key_place));
        condition.values.push_back(std::move(parsed));
        return {};
      };
      if (values.is_array()) {
        for (const auto& value : values.as_array()) ALOFT_TRY(add(value));
      } else {
        ALOFT_TRY(add(values));
      }
      out.push_back(std::move(condition));
    }
  }
  return out;
}

}  // namespace aloft::policy::internal
