#include "platform/federation/records.h"

#include <boost/json/value.hpp>

#include "foundation/codec/json.h"

namespace aloft::federation {
namespace {

namespace json = boost::json;

constexpr const char* kProviders =
    "SELECT account, name, created, document FROM federation_providers WHERE account = $1";

json::array Show(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}
std::vector<std::string> List(const json::object& object, std::string_view name) {
  std::vector<std::string> out;
  if (const json::value* found = object.if_contains(name); found != nullptr && found->is_array())
    for (const json::value& each : found->as_array())
      if (each.is_string()) out.emplace_back(each.as_string());
  return out;
}

Result<Provider> Read(const sql::Row& row) {
  ALOFT_ASSIGN(const json::value parsed, codec::ParseJson(row.Text(3)));
  if (!parsed.is_object()) return Fail(kCorrupt, "the records of federation are damaged", "document is not an object");
  const json::object& document = parsed.as_object();
  Provider out{.account = AccountId(row.Text(0)),
               .name = row.Text(1),
               .clients = List(document, "clients"),
               .thumbprints = List(document, "thumbprints"),
               .created = FromMicros(row.Int(2))};
  if (const json::value* issuer = document.if_contains("issuer"); issuer != nullptr && issuer->is_string())
    out.issuer = issuer->as_string();
  if (const json::value* tags = document.if_contains("tags"); tags != nullptr && tags->is_object())
    for (const auto& [key, value] : tags->as_object())
      if (value.is_string()) out.tags[std::string(key)] = value.as_string();
  return out;
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"federation",
       1,
       {"CREATE TABLE federation_providers (account TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL, "
        "document TEXT NOT NULL, PRIMARY KEY (account, name))"}}};
  return migrations;
}

std::string ProviderName(const AccountId& account, std::string_view arn) {
  const std::string prefix = "arn:aws:iam::" + account.value() + ":oidc-provider/";
  return arn.starts_with(prefix) ? std::string(arn.substr(prefix.size())) : std::string();
}

namespace records {

Status PutProvider(sql::Transaction& t, const Provider& provider) {
  json::object document{{"v", 1},
                        {"issuer", provider.issuer},
                        {"clients", Show(provider.clients)},
                        {"thumbprints", Show(provider.thumbprints)}};
  json::object tags;
  for (const auto& [key, value] : provider.tags) tags[key] = value;
  if (!tags.empty()) document["tags"] = std::move(tags);
  ALOFT_TRY(
      t.Execute("INSERT INTO federation_providers (account, name, created, document) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (account, name) DO UPDATE SET document = excluded.document",
                {provider.account.value(), provider.name, ToMicros(provider.created), codec::WriteJson(document)}));
  return {};
}

Result<bool> DeleteProvider(sql::Transaction& t, const AccountId& account, std::string_view name) {
  ALOFT_ASSIGN(const std::int64_t rows, t.Execute("DELETE FROM federation_providers WHERE account = $1 AND name = $2",
                                                  {account.value(), std::string(name)}));
  return rows > 0;
}

Result<std::optional<Provider>> FindProvider(sql::Reader& reader, const AccountId& account, std::string_view name) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query(std::string(kProviders) + " AND name = $2", {account.value(), std::string(name)}));
  if (rows.empty()) return std::optional<Provider>();
  ALOFT_ASSIGN(Provider provider, Read(rows.front()));
  return std::optional(std::move(provider));
}

Result<std::vector<Provider>> ListProviders(sql::Reader& reader, const AccountId& account) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kProviders) + " ORDER BY name", {account.value()}));
  std::vector<Provider> out;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Provider provider, Read(row));
    out.push_back(std::move(provider));
  }
  return out;
}

}  // namespace records
}  // namespace aloft::federation
