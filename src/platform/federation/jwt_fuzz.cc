// Any text as a token, and any text as the key set that is to verify it: both come from the network before anyone is
// known.
#include <cstdint>
#include <string_view>

#include "foundation/base/check.h"
#include "platform/federation/jwt.h"

using namespace aloft::federation;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first line is the token, the rest the key set.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const auto jwt = ParseJwt(text.substr(0, end));
  const auto keys = ParseKeySet(text.substr(std::min(end + 1, text.size())));
  if (!jwt.ok()) return 0;
  ALOFT_CHECK(jwt->algorithm == "RS256" || jwt->algorithm == "ES256");
  ALOFT_CHECK(text.starts_with(jwt->signed_text));
  static_cast<void>(jwt->Audiences());
  static_cast<void>(jwt->Seconds("exp"));
  static_cast<void>(jwt->Text("sub"));
  // Nobody signs what a fuzzer makes up, but for a key so small that chance does.
  if (keys.ok()) ALOFT_CHECK(!Verifies(*jwt, *keys) || HasKeyFor(*jwt, *keys));
  return 0;
}
