// The OIDC providers that accounts trust, as SQL. Format: docs/formats/federation.md.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"

namespace aloft::federation {

std::span<const sql::Migration> Migrations();

struct Provider {
  AccountId account{};
  std::string name{};                      // the issuer's URL without its scheme: "token.actions.githubusercontent.com"
  std::string issuer{};                    // the URL as it was registered
  std::vector<std::string> clients{};      // the audiences that are accepted
  std::vector<std::string> thumbprints{};  // kept and shown; trust comes from certificate authorities, as AWS's does
  Time created{};
  std::map<std::string, std::string> tags{};

  std::string Arn() const { return "arn:aws:iam::" + account.value() + ":oidc-provider/" + name; }
};

// "token.actions.githubusercontent.com" of the ARN; empty where it is none of the account's.
std::string ProviderName(const AccountId& account, std::string_view arn);

namespace records {

Status PutProvider(sql::Transaction& t, const Provider& provider);
Result<bool> DeleteProvider(sql::Transaction& t, const AccountId& account, std::string_view name);
Result<std::optional<Provider>> FindProvider(sql::Reader& reader, const AccountId& account, std::string_view name);
Result<std::vector<Provider>> ListProviders(sql::Reader& reader, const AccountId& account);

}  // namespace records

}  // namespace aloft::federation
