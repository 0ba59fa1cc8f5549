// Who sent a request: from the bytes of its head (and body, where it is at hand) to a session.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/common/operation.h"
#include "foundation/base/clock.h"
#include "foundation/crypto/sigv4_view.h"
#include "foundation/http/message.h"
#include "platform/identity/service.h"

namespace aloft::app {

struct Proof {
  identity::Session session;  // kNobody where the row accepts that
  Region region;              // of the credential scope or the token; empty for nobody
  crypto::PayloadClaim payload;
};

class Authenticate {
 public:
  // `domain`: whose hosts are buckets; empty: none is.
  Authenticate(identity::Service& identity, const Clock& clock, std::string domain)
      : identity_(identity), clock_(clock), domain_(std::move(domain)) {}

  // `body` is the whole body of a buffered operation, absent for a streamed one. Errors are those of crypto/sigv4.h and
  // of the identity service (unknown key, expired token); a caller without any proof is crypto::kNoSignature unless the
  // row accepts nobody.
  Result<Proof> operator()(const http::RequestHead& head, std::optional<std::string_view> body, const api::Row& row);

 private:
  Result<Proof> VerifySignature(const crypto::RequestView& request, std::optional<std::string_view> body,
                                std::string_view service);

  identity::Service& identity_;
  const Clock& clock_;
  const std::string domain_;
  crypto::SigningKeys signing_keys_;
};

}  // namespace aloft::app
