// The operations on inference components. Part of the room's door: serving::Service hands it out.
//
// Each reads or writes the database on the calling thread; the keeper does what is wished. Thread-safe.
#pragma once

#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "generated/shapes/sagemaker/inference_component.h"
#include "platform/compute/runtimes.h"
#include "platform/identity/session.h"
#include "services/models/service.h"
#include "services/serving/endpoints/types.h"
#include "services/serving/routing/router.h"

namespace aloft::serving {

class Keeper;

class Components {
 public:
  // All references outlive it.
  Components(sql::Database& database, const models::Service& models, const compute::RuntimeTable& runtimes,
             const Router& router, const Clock& clock, Keeper& keeper);

  // The endpoint must be in service and have variants without models. The copies must find room on its instances
  // (kNoRoom). A component that brings a container is checked like a model that `session` makes.
  Result<shapes::sagemaker::CreateInferenceComponentOutput> Create(
      const identity::Session& session, const Region& region,
      const shapes::sagemaker::CreateInferenceComponentInput& request);
  // kNoSuchComponent.
  Result<shapes::sagemaker::DescribeInferenceComponentOutput> Describe(const Scope& scope,
                                                                       const std::string& name) const;
  Result<shapes::sagemaker::ListInferenceComponentsOutput> List(
      const Scope& scope, const shapes::sagemaker::ListInferenceComponentsInput& request) const;
  // A new specification comes up beside the old one and takes over when all of its copies answer; if they never do, the
  // old one stays. The number of copies alone changes as UpdateRuntimeConfig does.
  Result<shapes::sagemaker::UpdateInferenceComponentOutput> Update(
      const identity::Session& session, const Region& region,
      const shapes::sagemaker::UpdateInferenceComponentInput& request);
  Result<shapes::sagemaker::UpdateInferenceComponentRuntimeConfigOutput> UpdateRuntimeConfig(
      const Scope& scope, const shapes::sagemaker::UpdateInferenceComponentRuntimeConfigInput& request);
  Status Delete(const Scope& scope, const std::string& name);

  // What scaling sees and sets.
  struct Copies {
    int wished = 0;
    bool busy = false;
  };
  Result<Copies> CopiesNow(const Scope& scope, const std::string& name) const;
  // kEndpointBusy, kNoRoom.
  Status SetCopies(const Scope& scope, const std::string& name, int copies);

 private:
  Result<shapes::sagemaker::CreateModelRequest> ModelFor(
      const identity::Session& session, const Region& region,
      const shapes::sagemaker::InferenceComponentSpecification& specification, const std::string& role) const;

  sql::Database& database_;
  const models::Service& models_;
  const compute::RuntimeTable& runtimes_;
  const Router& router_;
  const Clock& clock_;
  Keeper& keeper_;
};

}  // namespace aloft::serving
