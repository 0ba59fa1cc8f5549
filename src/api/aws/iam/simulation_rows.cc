#include "api/aws/iam/rows.h"
#include "platform/directory/simulator.h"

namespace aloft::api::iam_rows {

using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API

void AddSimulationRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto simulator = std::make_shared<directory::Simulator>(identity);
  const auto any = [](const Call&, const auto&) { return std::string("*"); };
  const auto source = [](const Call&, const auto& in) { return in.policy_source_arn.value_or(""); };
  rows.push_back(MakeIamRow<SimulateCustomPolicyRequest, SimulateCustomPolicyResponse>(
      "SimulateCustomPolicy", any,
      [simulator](const auto& session, const auto& in) { return simulator->SimulateCustomPolicy(session, in); }));
  rows.push_back(MakeIamRow<SimulatePrincipalPolicyRequest, SimulatePrincipalPolicyResponse>(
      "SimulatePrincipalPolicy", source,
      [simulator](const auto& session, const auto& in) { return simulator->SimulatePrincipalPolicy(session, in); }));
  rows.push_back(MakeIamRow<GetContextKeysForCustomPolicyRequest, GetContextKeysForCustomPolicyResponse>(
      "GetContextKeysForCustomPolicy", any, [simulator](const auto& session, const auto& in) {
        return simulator->GetContextKeysForCustomPolicy(session, in);
      }));
  rows.push_back(MakeIamRow<GetContextKeysForPrincipalPolicyRequest, GetContextKeysForPrincipalPolicyResponse>(
      "GetContextKeysForPrincipalPolicy", source, [simulator](const auto& session, const auto& in) {
        return simulator->GetContextKeysForPrincipalPolicy(session, in);
      }));
}

}  // namespace aloft::api::iam_rows
