// Models: an image, the archive of a trained model, and the role that may read it. The only door of the room.
//
// Thread-safe. Every call is local: it reads or writes the database on the calling thread.
#pragma once

#include <functional>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "generated/shapes/sagemaker/model.h"
#include "platform/compute/runtimes.h"
#include "platform/identity/service.h"
#include "services/models/errors.h"
#include "services/models/types.h"

namespace aloft::models {

// Whether what `uri` names is there and the role may read it: one object, or at least one below a prefix.
using DataProbe =
    std::function<Status(const AccountId&, const std::string& role_arn, const std::string& uri, bool is_prefix)>;

class Service {
 public:
  // All references outlive the service. Without a probe, a model's data is first looked at when it is deployed.
  Service(sql::Database& database, const identity::Service& identity, const compute::RuntimeTable& runtimes,
          const Clock& clock, DataProbe probe);

  Result<shapes::sagemaker::CreateModelResponse> CreateModel(const identity::Session& session, const Region& region,
                                                             const shapes::sagemaker::CreateModelRequest& request);
  Result<shapes::sagemaker::DescribeModelResponse> DescribeModel(const Scope& scope, const std::string& name) const;
  Result<shapes::sagemaker::ListModelsResponse> ListModels(const Scope& scope,
                                                           const shapes::sagemaker::ListModelsRequest& request) const;
  // A deployed model may go: its endpoints keep what they need.
  Status DeleteModel(const Scope& scope, const std::string& name);

  // What CreateModel checks, without making anything: that it can be served, the role may be passed and reads the data.
  Status Check(const identity::Session& session, const Region& region,
               const shapes::sagemaker::CreateModelRequest& request) const;

  // For serving. kNoSuchModel.
  Result<Model> Find(const Scope& scope, const std::string& name) const;

 private:
  // That the role may read the container's model. Of a multi-model container: that something lies below its prefix.
  Status CheckData(const AccountId& account, const Region& region, const std::string& role,
                   const shapes::sagemaker::ContainerDefinition& container) const;

  sql::Database& database_;
  const identity::Service& identity_;
  const compute::RuntimeTable& runtimes_;
  const Clock& clock_;
  DataProbe probe_;
};

// Where the files of a container's model lie.
struct ModelData {
  std::string uri;         // empty: the image needs none
  bool is_prefix = false;  // the objects below it, as they are; else one archive
};
ModelData DataOf(const shapes::sagemaker::ContainerDefinition& container);

}  // namespace aloft::models
