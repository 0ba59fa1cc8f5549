// Makes the proof that a call is authorized. For the gateway, and for tests that stand in for it; nobody else.
#pragma once

#include <functional>
#include <utility>

#include "api/common/operation.h"

namespace aloft::api {

class AuthorizedMaker {
 public:
  static Authorized Make(std::function<Status(const Permission&)> ask) { return Authorized(std::move(ask)); }
};

}  // namespace aloft::api
