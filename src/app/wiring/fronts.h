// Every API of the server, in the order in which they are asked whether a request is theirs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/aws/s3/front.h"
#include "api/common/operation.h"
#include "app/wiring/doors.h"
#include "app/wiring/services.h"
#include "foundation/os/thread_pool.h"

namespace aloft::app {

class Fronts {
 public:
  // `pool` runs what an upload or a download does between its chunks; `status_json` answers GetStatus.
  Fronts(World& world, Stores& stores, Platform& platform, Doors& doors, Services& services, os::ThreadPool& pool,
         std::function<std::string()> status_json);
  ~Fronts();

  const std::vector<const api::Front*>& all() const { return all_; }
  // As gateway::SignedPath.
  std::optional<std::string> SignedPath(const http::RequestHead& head) const;

 private:
  std::unique_ptr<api::FactSource> tags_;
  std::unique_ptr<api::Front> sign_in_;
  std::unique_ptr<api::Front> admin_;
  std::unique_ptr<api::Front> inference_;
  std::unique_ptr<api::Front> aws_;
  std::unique_ptr<api::s3::Front> s3_;
  std::vector<const api::Front*> all_;
};

}  // namespace aloft::app
