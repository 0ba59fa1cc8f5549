#include <array>

#include "platform/policy/statement.h"

namespace aloft::policy::internal {
namespace {

// Keys whose fixed values leave an Allow private, as S3 defines "public".
constexpr std::array<std::string_view, 13> kNarrowing = {"aws:principalarn",
                                                         "aws:principalaccount",
                                                         "aws:principalorgid",
                                                         "aws:sourcearn",
                                                         "aws:sourceaccount",
                                                         "aws:sourceowner",
                                                         "aws:sourcevpc",
                                                         "aws:sourcevpce",
                                                         "aws:userid",
                                                         "s3:dataaccesspointarn",
                                                         "s3:dataaccesspointaccount",
                                                         "s3:x-amz-server-side-encryption-aws-kms-key-id",
                                                         "aws:principalservicename"};

// A part of the internet, not most of it: a prefix of at least 8 bits of IPv4, of 32 of IPv6.
bool IsNarrow(const AddressRange& range) {
  const bool four = range.address[10] == 0xff && range.address[11] == 0xff && range.bits >= 96;
  return four ? range.bits - 96 >= 8 : range.bits >= 32;
}

bool IsFixed(const Condition& condition, const Pattern& value) {
  if (value.has_variables()) return false;
  if (!value.has_wildcards()) return true;
  // A wildcard behind a fixed account is fixed enough in an ARN; and a role's id before the session's name.
  if (condition.key == "aws:userid") return value.text().find_first_of("*?") > value.text().find(':');
  const ArnParts parts = SplitArn(value.text());
  return parts.count == 6 && parts.part[4].size() == 12 && parts.part[4].find_first_of("*?") == std::string_view::npos;
}

// Whether the condition holds for a fixed set of callers or places only.
bool Narrows(const Condition& condition) {
  if (condition.negated || condition.if_exists || condition.quantifier == Quantifier::kForAllValues) return false;
  if (condition.values.empty()) return true;
  if (condition.key == "aws:sourceip" && condition.family == Family::kIp) {
    for (const ConditionValue& value : condition.values)
      if (!IsNarrow(value.range)) return false;
    return true;
  }
  bool known = false;
  for (const std::string_view key : kNarrowing) known = known || key == condition.key;
  if (!known) return false;
  for (const ConditionValue& value : condition.values)
    if (!value.pattern || !IsFixed(condition, *value.pattern)) return false;
  return true;
}

}  // namespace

bool IsPublic(const Statement& statement) {
  if (statement.deny || !statement.principals.present || !statement.principals.everyone) return false;
  for (const Condition& condition : statement.conditions)
    if (Narrows(condition)) return false;
  return true;
}

}  // namespace aloft::policy::internal
