#include "services/transform/records.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "services/resources/arn.h"
#include "services/transform/errors.h"

namespace aloft::transform {
namespace {

using shapes::sagemaker::CreateModelRequest;
using shapes::sagemaker::CreateTransformJobRequest;

constexpr int kVersion = 1;  // of the document column

std::string WriteDocument(const Job& job) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("version").Int(kVersion);
  json.Key("request").Raw(shapes::ToJsonText(job.request));
  json.Key("model").Raw(shapes::ToJsonText(job.model));
  json.Key("failure").String(job.failure);
  json.Key("attempt").Int(job.attempt);
  if (job.started) json.Key("started").Int(ToMicros(*job.started));
  if (job.ended) json.Key("ended").Int(ToMicros(*job.ended));
  json.EndObject();
  return out;
}

Status ReadDocument(const std::string& text, Job& job) {
  ALOFT_ASSIGN(boost::json::value value, codec::ParseJson(text));
  try {
    const boost::json::object& json = value.as_object();
    if (json.at("version").as_int64() > kVersion) {
      return Fail(kCorrupt, "A transform job's record was written by a newer version", job.name);
    }
    ALOFT_ASSIGN(job.request, shapes::FromJson<CreateTransformJobRequest>(json.at("request").as_object()));
    ALOFT_ASSIGN(job.model, shapes::FromJson<CreateModelRequest>(json.at("model").as_object()));
    job.failure = std::string(json.at("failure").as_string());
    job.attempt = static_cast<int>(json.at("attempt").as_int64());
    if (const auto* time = json.if_contains("started")) job.started = FromMicros(time->as_int64());
    if (const auto* time = json.if_contains("ended")) job.ended = FromMicros(time->as_int64());
    return {};
  } catch (const std::exception& error) {  // at() and as_...() of a document that we did not write
    return Fail(kCorrupt, "A transform job's record cannot be read", job.name + ": " + error.what());
  }
}

std::string Arn(const Scope& scope, const std::string& name) {
  return resources::SageMakerArn(scope.account, scope.region, "transform-job", name);
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"transform",
       1,
       {"CREATE TABLE transform_jobs (account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, "
        "created INTEGER NOT NULL, modified INTEGER NOT NULL, status TEXT NOT NULL, cleaned INTEGER NOT NULL, "
        "revision INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY (account, region, name))",
        "CREATE INDEX transform_jobs_live ON transform_jobs (cleaned) WHERE cleaned = 0"}}};
  return migrations;
}

Status InsertJob(sql::Transaction& transaction, const Scope& scope, const Job& job) {
  auto inserted = transaction.Execute(
      "INSERT INTO transform_jobs (account, region, name, created, modified, status, cleaned, revision, document) "
      "VALUES ($1, $2, $3, $4, $4, $5, 0, 1, $6)",
      {scope.account.value(), scope.region.value(), job.name, ToMicros(job.created), std::string(ToString(job.status)),
       WriteDocument(job)});
  if (!inserted.ok() && inserted.error().reason == sql::kAlreadyExistsRow) {
    return Fail(kJobExists,
                "Job name must be unique within an AWS account and region, and a job with this name already "
                "exists (" +
                    Arn(scope, job.name) + ")");
  }
  if (!inserted.ok()) return std::move(inserted).error();
  transaction.Announce("transform.jobs.changed", Arn(scope, job.name), ToString(job.status));
  return {};
}

Status UpdateJob(sql::Transaction& transaction, const Scope& scope, const Job& job) {
  ALOFT_ASSIGN(
      std::int64_t changed,
      transaction.Execute(
          "UPDATE transform_jobs SET modified = $4, status = $5, cleaned = $6, revision = $7 + 1, document = $8 "
          "WHERE account = $1 AND region = $2 AND name = $3 AND revision = $7",
          {scope.account.value(), scope.region.value(), job.name, ToMicros(job.modified),
           std::string(ToString(job.status)), std::int64_t{job.cleaned ? 1 : 0}, job.revision, WriteDocument(job)}));
  if (changed == 0) return Fail(kRevisionMismatch, "The transform job was changed meanwhile");
  transaction.Announce("transform.jobs.changed", Arn(scope, job.name), ToString(job.status));
  return {};
}

Result<Job> LoadJob(sql::Reader& reader, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT created, modified, status, cleaned, revision, document FROM "
                                            "transform_jobs WHERE account = $1 AND region = $2 AND name = $3",
                                            {scope.account.value(), scope.region.value(), name}));
  if (rows.empty()) return Fail(kNoSuchJob, "Could not find requested job with name: " + name);
  Job job;
  job.name = name;
  job.created = FromMicros(rows[0].Int(0));
  job.modified = FromMicros(rows[0].Int(1));
  std::optional<JobStatus> status = ParseStatus(rows[0].Text(2));
  if (!status) return Fail(kCorrupt, "A transform job's record cannot be read", name + ": status " + rows[0].Text(2));
  job.status = *status;
  job.cleaned = rows[0].Int(3) != 0;
  job.revision = rows[0].Int(4);
  ALOFT_TRY(ReadDocument(rows[0].Text(5), job));
  return job;
}

Result<std::vector<JobKey>> LiveJobs(sql::Reader& reader) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT account, region, name FROM transform_jobs WHERE cleaned = 0"));
  std::vector<JobKey> keys;
  for (const sql::Row& row : rows) keys.push_back({Scope{AccountId(row.Text(0)), Region(row.Text(1))}, row.Text(2)});
  return keys;
}

}  // namespace aloft::transform
