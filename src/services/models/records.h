// What models stores; docs/formats/serving.md is the definition.
#pragma once

#include <span>

#include "foundation/sql/database.h"
#include "services/models/types.h"

namespace aloft::models {

inline constexpr const char* kTable = "models_models";

std::span<const sql::Migration> Migrations();

// Announced as "models.changed" with the ARN as key.
Status Insert(sql::Transaction& transaction, const Scope& scope, const Model& model);
Result<Model> Load(sql::Reader& reader, const Scope& scope, const std::string& name);
Status Remove(sql::Transaction& transaction, const Scope& scope, const std::string& name);

}  // namespace aloft::models
