// An endpoint and the workers that answer -> what the router publishes. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "services/serving/endpoints/types.h"
#include "services/serving/routing/router.h"
#include "services/serving/workers/worker_task.h"

namespace aloft::serving {

WorkerName NameOf(const Scope& scope, const std::string& endpoint, const Deployment& deployment, const Slot& slot);

// `sockets`: of the workers that answer. Null where none of them is there for requests. During an update that shifts
// traffic gradually, both deployments are in it, with their parts of the traffic.
std::shared_ptr<Version> VersionOf(const Scope& scope, const Endpoint& endpoint,
                                   const std::map<compute::TaskId, std::string>& sockets);

}  // namespace aloft::serving
