// What the operations of accounts and guardrails share. Private to the room.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "generated/shapes/organizations/accounts.h"
#include "generated/shapes/organizations/common.h"
#include "platform/identity/state.h"
#include "platform/organizations/errors.h"

namespace aloft::organizations {

// kNotInUse.
Result<identity::OrganizationRecord> RequireOrganization(sql::Reader& reader);
// And the caller is of the account that manages it. kNotManagement.
Result<identity::OrganizationRecord> RequireManagement(sql::Reader& reader, const identity::Session& session);

// "arn:aws:organizations::123456789012:account/o-x/210987654321"
std::string ArnOf(const identity::OrganizationRecord& organization, std::string_view kind, std::string_view id);
shapes::organizations::Root ShowRoot(const identity::OrganizationRecord& organization);
shapes::organizations::Account ShowAccount(const identity::OrganizationRecord& organization,
                                           const identity::AccountRecord& account);

// `count` characters of lower-case letters and digits, which every id here is made of.
std::string NewId(Random& random, std::string_view prefix, std::size_t count);

// A page by position: NextToken is the index of what comes next. Sets the response's token; answers the page's bounds.
template <class Response>
Result<std::pair<std::size_t, std::size_t>> PageOf(std::size_t count, const std::optional<std::string>& token,
                                                   const std::optional<std::int32_t>& most, Response& out) {
  std::size_t begin = 0;
  for (const char c : token.value_or("")) {
    if (c < '0' || c > '9' || begin > 1'000'000)
      return Fail(kInvalidInput, "You specified an invalid value: the NextToken is not one of this list's.");
    begin = begin * 10 + static_cast<std::size_t>(c - '0');
  }
  begin = std::min(begin, count);
  const std::size_t end = std::min(count, begin + static_cast<std::size_t>(std::clamp(most.value_or(20), 1, 20)));
  if (end < count) out.next_token = std::to_string(end);
  return std::pair(begin, end);
}

}  // namespace aloft::organizations
