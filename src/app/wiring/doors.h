// How people and foreign identities come in: passwords and codes, issuers' keys, sign-in; and who was last seen.
#pragma once

#include <memory>

#include "app/wiring/platform.h"
#include "foundation/http/io_threads.h"
#include "platform/directory/last_use.h"
#include "platform/factors/service.h"
#include "platform/federation/issuer_keys.h"
#include "platform/sessions/security_tokens.h"
#include "platform/sessions/sign_in.h"

namespace aloft::app {

class Doors {
 public:
  static Result<std::unique_ptr<Doors>> Open(World& world, Platform& platform,
                                             std::shared_ptr<http::IoThreads> io_threads);

  factors::Service& factors() { return *factors_; }
  federation::IssuerKeys& issuers() { return *issuers_; }
  sessions::SignIn& sign_in() { return *sign_in_; }
  sessions::SecurityTokens& tokens() { return *tokens_; }
  directory::LastUses& uses() { return *uses_; }

  // Answers what still waits for an issuer, and writes what was last used. After the server has stopped.
  void Stop();

 private:
  Doors() = default;

  std::unique_ptr<factors::Service> factors_;
  std::unique_ptr<sessions::SignIn> sign_in_;
  std::unique_ptr<directory::LastUses> uses_;
  std::unique_ptr<federation::IssuerKeys> issuers_;
  std::unique_ptr<sessions::SecurityTokens> tokens_;
};

}  // namespace aloft::app
