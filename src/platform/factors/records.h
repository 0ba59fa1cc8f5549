// What is kept of people's factors, as SQL. Format: docs/formats/factors.md. Keyed by the user's unique id, so that a
// renamed user keeps its own and a new user of the same name inherits nothing.
#pragma once

#include <cstdint>
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
#include "platform/factors/password.h"

namespace aloft::factors {

std::span<const sql::Migration> Migrations();

// A virtual MFA device.
struct Device {
  AccountId account{};
  std::string serial{};  // arn:aws:iam::123456789012:mfa/path/name
  std::string owner{};   // the user's id; empty: not assigned
  std::string sealed_seed{};
  Time created{}, enabled{};
  std::int64_t drift = 0;      // steps that the device runs ahead
  std::int64_t last_step = 0;  // of the last code that was good; none before it is
  std::map<std::string, std::string> tags{};
};

// A user's password.
struct Login {
  AccountId account{};
  std::string owner{};  // the user's id
  std::string sealed_hash{};
  Time created{}, changed{}, last_used{};
  bool reset_required = false;
  std::vector<std::string> sealed_history{};  // hashes of earlier passwords, newest first, at most 24
};

namespace records {

Status PutDevice(sql::Transaction& t, const Device& device);
Status DeleteDevice(sql::Transaction& t, const AccountId& account, std::string_view serial);
Result<std::optional<Device>> FindDevice(sql::Reader& reader, const AccountId& account, std::string_view serial);
// By serial.
Result<std::vector<Device>> ListDevices(sql::Reader& reader, const AccountId& account);
Result<std::vector<Device>> ListDevicesOf(sql::Reader& reader, const AccountId& account, std::string_view owner);

Status PutLogin(sql::Transaction& t, const Login& login);
Status SetLoginUsed(sql::Transaction& t, const AccountId& account, std::string_view owner, Time when);
Result<bool> DeleteLogin(sql::Transaction& t, const AccountId& account, std::string_view owner);
Result<std::optional<Login>> FindLogin(sql::Reader& reader, const AccountId& account, std::string_view owner);

// The defaults where the account has set none.
Result<PasswordPolicy> FindPasswordPolicy(sql::Reader& reader, const AccountId& account);
Status PutPasswordPolicy(sql::Transaction& t, const AccountId& account, const PasswordPolicy& policy);
Result<bool> DeletePasswordPolicy(sql::Transaction& t, const AccountId& account);

// An account's name for people; one per account, unique in the installation.
Result<std::optional<std::string>> FindAlias(sql::Reader& reader, const AccountId& account);
Result<std::optional<AccountId>> FindAliasOwner(sql::Reader& reader, std::string_view alias);
Status PutAlias(sql::Transaction& t, const AccountId& account, std::string_view alias);
Result<bool> DeleteAlias(sql::Transaction& t, const AccountId& account, std::string_view alias);

}  // namespace records

}  // namespace aloft::factors
