#include <benchmark/benchmark.h>

#include "platform/policy/decide.h"

namespace aloft::policy {
namespace {

// Fifty statements as a platform team writes them; the one that allows is the last. Aim: under 2 us a decision.
void DecideAtFiftyStatements(benchmark::State& state) {
  std::string document = R"({"Version": "2012-10-17", "Statement": [)";
  for (int i = 0; i < 49; ++i)
    document += R"({"Effect": ")" + std::string(i % 10 == 0 ? "Deny" : "Allow") +
                R"(", "Action": ["s3:GetObject", "s3:PutObject", "s3:List*"], "Resource": "arn:aws:s3:::bucket-)" +
                std::to_string(i) + R"(/*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},)";
  document += R"({"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}]})";
  PrincipalPolicies policies;
  policies.identity = {{"p", Policy::Parse(document, PolicyUse::kIdentity).value()}};
  const Context context = {
      {"aws:username", {"ada"}}, {"aws:securetransport", {"true"}}, {"aws:sourceip", {"10.0.0.1"}}};
  const ContextKeys keys(context);
  const Grounds grounds{.principal = &policies};
  for (auto _ : state) {
    const Decision decision = Decide(grounds, Query{"s3:GetObject", "arn:aws:s3:::home/ada/train.csv", keys});
    if (!decision.allowed) state.SkipWithError("not allowed");
    benchmark::DoNotOptimize(decision);
  }
}
BENCHMARK(DecideAtFiftyStatements);

}  // namespace
}  // namespace aloft::policy
