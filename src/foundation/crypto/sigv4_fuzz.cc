// Whatever arrives as headers and query, parsing and verifying answer and do not crash; nothing verifies by chance.
#include <cstdint>
#include <cstdlib>

#include "foundation/base/bytes.h"
#include "foundation/crypto/sigv4.h"

using namespace aloft;          // NOLINT(google-build-using-namespace)
using namespace aloft::crypto;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = Split(text, '\n');
  SignedRequest request{"GET", "/", "", {}};
  if (!lines.empty()) request.path = lines[0];
  if (lines.size() > 1) request.query = lines[1];
  for (std::size_t i = 2; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(':');
    if (colon != std::string_view::npos)
      request.headers.emplace_back(lines[i].substr(0, colon), lines[i].substr(colon + 1));
  }
  const auto authorization = ParseAuthorization(request);
  if (authorization.ok() != (authorization.ok() && HasSignature(request))) std::abort();
  if (!authorization.ok()) return 0;
  SigningKeys keys(4);
  if (Verify(request, *authorization, "secret", authorization->signed_at, "", keys).ok()) std::abort();
  return 0;
}
