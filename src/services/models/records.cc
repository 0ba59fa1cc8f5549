#include "services/models/records.h"

#include "foundation/shapes/json.h"
#include "services/models/errors.h"
#include "services/resources/arn.h"

namespace aloft::models {

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"models",
       1,
       {"CREATE TABLE models_models (account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, "
        "created INTEGER NOT NULL, modified INTEGER NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL, "
        "PRIMARY KEY (account, region, name))",
        "CREATE INDEX models_models_created ON models_models (account, region, created, name)"}}};
  return migrations;
}

Status Insert(sql::Transaction& transaction, const Scope& scope, const Model& model) {
  std::string document = shapes::ToJsonText(model.request);
  std::string arn = resources::SageMakerArn(scope.account, scope.region, "model", model.name);
  auto inserted = transaction.Execute(
      "INSERT INTO models_models (account, region, name, created, modified, status, document) "
      "VALUES ($1, $2, $3, $4, $4, '', $5)",
      {scope.account.value(), scope.region.value(), model.name, ToMicros(model.created), document});
  if (!inserted.ok() && inserted.error().reason == sql::kAlreadyExistsRow) {
    return Fail(kModelExists, "Cannot create already existing model \"" + arn + "\".");
  }
  if (!inserted.ok()) return std::move(inserted).error();
  transaction.Announce("models.changed", arn, document);
  return {};
}

Result<Model> Load(sql::Reader& reader, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(
      sql::Rows rows,
      reader.Query("SELECT created, document FROM models_models WHERE account = $1 AND region = $2 AND name = $3",
                   {scope.account.value(), scope.region.value(), name}));
  if (rows.empty()) {
    return Fail(kNoSuchModel, "Could not find model \"" +
                                  resources::SageMakerArn(scope.account, scope.region, "model", name) + "\".");
  }
  Model model;
  model.name = name;
  model.created = FromMicros(rows[0].Int(0));
  ALOFT_ASSIGN(model.request, shapes::FromJsonText<shapes::sagemaker::CreateModelRequest>(rows[0].Text(1)));
  return model;
}

Status Remove(sql::Transaction& transaction, const Scope& scope, const std::string& name) {
  std::string arn = resources::SageMakerArn(scope.account, scope.region, "model", name);
  ALOFT_ASSIGN(std::int64_t removed,
               transaction.Execute("DELETE FROM models_models WHERE account = $1 AND region = $2 AND name = $3",
                                   {scope.account.value(), scope.region.value(), name}));
  if (removed == 0) return Fail(kNoSuchModel, "Could not find model \"" + arn + "\".");
  transaction.Announce("models.changed", arn, "");
  return {};
}

}  // namespace aloft::models
