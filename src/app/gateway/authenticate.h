// Who sent a request: from the bytes of its head (and body, where it is at hand) to a session.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/common/operation.h"
#include "foundation/base/clock.h"
#include "foundation/crypto/sigv4_view.h"
#include "foundation/http/message.h"
#include "platform/identity/service.h"

namespace aloft::gateway {

struct Proof {
  identity::Session session;  // kNobody where the row accepts that
  Region region;              // of the credential scope or the token; empty for nobody
  crypto::PayloadClaim payload;
  std::string bound_to{};  // identity::Credential's: the gateway asks the connection for it
};

// The path that stands for all that a request is about, also for what its API reads elsewhere in the head: a signature
// of version 2 covers that. Absent: the path as it was asked for.
using SignedPath = std::function<std::optional<std::string>(const http::RequestHead& head)>;

class Authenticate {
 public:
  Authenticate(identity::Service& identity, const Clock& clock, SignedPath signed_path)
      : identity_(identity), clock_(clock), signed_path_(std::move(signed_path)) {}

  // `body` is the whole body of a buffered operation, absent for a streamed one. Errors are those of crypto/sigv4.h and
  // of the identity service (unknown key, expired token); a caller without any proof is crypto::kNoSignature unless the
  // row accepts nobody.
  Result<Proof> operator()(const http::RequestHead& head, std::optional<std::string_view> body, const api::Row& row);

 private:
  Result<Proof> VerifySignature(const http::RequestHead& head, const crypto::RequestView& request,
                                std::optional<std::string_view> body, std::string_view service);

  identity::Service& identity_;
  const Clock& clock_;
  const SignedPath signed_path_;
  crypto::SigningKeys signing_keys_;
};

}  // namespace aloft::gateway
