// Whatever is given as a policy, parsing answers, and what it accepts can be evaluated.
#include <cstdint>
#include <string_view>

#include "platform/policy/policy.h"

using namespace aloft::policy;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Context context = {{"aws:username", {"ada"}}, {"aws:sourceip", {"10.0.0.1"}}, {"s3:max-keys", {"10"}}};
  const ContextKeys keys(context);
  const Caller caller{.account = "123456789012", .arn = "arn:aws:iam::123456789012:user/ada"};
  for (const PolicyUse use : {PolicyUse::kIdentity, PolicyUse::kTrust, PolicyUse::kResource}) {
    const auto policy = Policy::Parse(text, use);
    if (!policy.ok()) continue;
    const Verdict verdict = (*policy)->Evaluate(Query{"s3:GetObject", "arn:aws:s3:::b/k", keys, &caller});
    if (verdict.statement >= 0) (*policy)->NameOf(verdict.statement);
    for (std::size_t i = 0; i < (*policy)->size(); ++i) (*policy)->PlaceOf(static_cast<int>(i));
  }
  return 0;
}
