// Verifying a signature without copying the request first: sigv4.h over views of what outlives the call.
#pragma once

#include <optional>
#include <string_view>

#include "foundation/crypto/sigv4.h"

namespace aloft::crypto {

struct RequestView {
  RequestView(std::string_view m, std::string_view p, std::string_view q, const HeaderList& h)
      : method(m), path(p), query(q), headers(h) {}
  explicit RequestView(const SignedRequest& request)
      : RequestView(request.method, request.path, request.query, request.headers) {}

  std::string_view method, path, query;
  const HeaderList& headers;
};

bool HasSignature(const RequestView& request);
Result<Authorization> ParseAuthorization(const RequestView& request);
Result<PayloadClaim> Verify(const RequestView& request, const Authorization& authorization, std::string_view secret,
                            Time now, std::optional<std::string_view> body, SigningKeys& signing_keys);

}  // namespace aloft::crypto
