#include "services/async_inference/records.h"

#include <boost/json.hpp>

#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"

namespace aloft::async_inference {
namespace {

constexpr int kVersion = 1;

std::string Document(const Request& request) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("version").Int(kVersion);
  json.Key("attempts").Int(request.attempts);
  auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) json.Key(name).String(value);
  };
  text("input", request.input);
  if (!request.body.empty()) json.Key("body").String(codec::Base64Encode(request.body));
  text("content_type", request.content_type);
  text("accept", request.accept);
  text("custom_attributes", request.custom_attributes);
  text("inference_id", request.inference_id);
  text("output", request.output);
  text("failure", request.failure);
  json.Key("ttl").Int(request.ttl.count()).Key("timeout").Int(request.timeout.count());
  json.EndObject();
  return out;
}

Result<Request> Read(const sql::Row& row) {
  Request request;
  request.scope = {AccountId(row.Text(0)), Region(row.Text(1))};
  request.endpoint = row.Text(2);
  request.id = row.Text(3);
  request.created = FromMicros(row.Int(4));
  ALOFT_ASSIGN(boost::json::value value, codec::ParseJson(row.Text(5)));
  try {
    const boost::json::object& json = value.as_object();
    if (json.at("version").as_int64() > kVersion) {
      return Fail(kCorrupt, "An asynchronous request was written by a newer version", request.id);
    }
    request.attempts = static_cast<int>(json.at("attempts").as_int64());
    auto text = [&](const char* name) {
      const auto* found = json.if_contains(name);
      return found ? std::string(found->as_string()) : std::string();
    };
    request.input = text("input");
    if (json.contains("body")) {
      std::optional<std::string> body = codec::Base64Decode(text("body"));
      if (!body) return Fail(kCorrupt, "An asynchronous request cannot be read", request.id);
      request.body = *std::move(body);
    }
    request.content_type = text("content_type");
    request.accept = text("accept");
    request.custom_attributes = text("custom_attributes");
    request.inference_id = text("inference_id");
    request.output = text("output");
    request.failure = text("failure");
    request.ttl = std::chrono::seconds(json.at("ttl").as_int64());
    request.timeout = std::chrono::seconds(json.at("timeout").as_int64());
    return request;
  } catch (const std::exception& error) {  // at() and as_...() of a document that we did not write
    return Fail(kCorrupt, "An asynchronous request cannot be read", request.id + ": " + error.what());
  }
}

sql::Values KeyOf(const Request& request) {
  return {request.scope.account.value(), request.scope.region.value(), request.endpoint, request.id};
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"async_inference",
       1,
       {"CREATE TABLE async_requests (account TEXT NOT NULL, region TEXT NOT NULL, endpoint TEXT NOT NULL, "
        "id TEXT NOT NULL, created INTEGER NOT NULL, document TEXT NOT NULL, "
        "PRIMARY KEY (account, region, endpoint, id))",
        "CREATE INDEX async_requests_order ON async_requests (account, region, endpoint, created)"}}};
  return migrations;
}

Status InsertRequest(sql::Transaction& transaction, const Request& request) {
  sql::Values values = KeyOf(request);
  values.insert(values.end(), {ToMicros(request.created), Document(request)});
  ALOFT_TRY(transaction.Execute(
      "INSERT INTO async_requests (account, region, endpoint, id, created, document) VALUES ($1, $2, $3, $4, $5, $6)",
      values));
  return {};
}

Status UpdateRequest(sql::Transaction& transaction, const Request& request) {
  sql::Values values = KeyOf(request);
  values.emplace_back(Document(request));
  ALOFT_TRY(
      transaction.Execute("UPDATE async_requests SET document = $5 WHERE account = $1 AND region = $2 AND "
                          "endpoint = $3 AND id = $4",
                          values));
  return {};
}

Status RemoveRequest(sql::Transaction& transaction, const Request& request) {
  ALOFT_TRY(transaction.Execute(
      "DELETE FROM async_requests WHERE account = $1 AND region = $2 AND endpoint = $3 AND id = $4", KeyOf(request)));
  return {};
}

Result<std::vector<Request>> ListRequests(sql::Reader& reader, const Scope& scope, const std::string& endpoint,
                                          int limit) {
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query("SELECT account, region, endpoint, id, created, document FROM async_requests WHERE "
                            "account = $1 AND region = $2 AND endpoint = $3 ORDER BY created, id LIMIT $4",
                            {scope.account.value(), scope.region.value(), endpoint, std::int64_t{limit}}));
  std::vector<Request> requests;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Request request, Read(row));
    requests.push_back(std::move(request));
  }
  return requests;
}

Result<std::vector<Backlog>> ListBacklogs(sql::Reader& reader) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT account, region, endpoint, COUNT(*), MIN(created) FROM "
                                            "async_requests GROUP BY account, region, endpoint"));
  std::vector<Backlog> backlogs;
  for (const sql::Row& row : rows) {
    backlogs.push_back(
        {{AccountId(row.Text(0)), Region(row.Text(1))}, row.Text(2), row.Int(3), FromMicros(row.Int(4))});
  }
  return backlogs;
}

Result<std::int64_t> CountRequests(sql::Reader& reader, const Scope& scope, const std::string& endpoint) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT COUNT(*) FROM async_requests WHERE account = $1 AND region = $2 "
                                            "AND endpoint = $3",
                                            {scope.account.value(), scope.region.value(), endpoint}));
  return rows[0].Int(0);
}

}  // namespace aloft::async_inference
