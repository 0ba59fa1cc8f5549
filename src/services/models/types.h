// What models are known by.
#pragma once

#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "generated/shapes/sagemaker/model.h"

namespace aloft::models {

// Whose resources. Nothing is ever looked up across scopes.
struct Scope {
  AccountId account;
  Region region;
};

// A model as it is stored: what the caller asked for.
struct Model {
  std::string name;
  Time created;
  shapes::sagemaker::CreateModelRequest request;
};

}  // namespace aloft::models
