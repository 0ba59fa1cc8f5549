#include "api/aws/iam/rows.h"
#include "platform/directory/account.h"

namespace aloft::api::iam_rows {

using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::EntityKind;

void AddAccountRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto account = std::make_shared<directory::Account>(identity);
  const auto any = [](const Call&, const auto&) { return std::string("*"); };
  rows.push_back(MakeIamRow<GetAccountSummaryRequest, GetAccountSummaryResponse>(
      "GetAccountSummary", any,
      [account](const auto& session, const auto& in) { return account->GetAccountSummary(session, in); }));
  rows.push_back(MakeIamRow<ListAccountAliasesRequest, ListAccountAliasesResponse>(
      "ListAccountAliases", any,
      [account](const auto& session, const auto& in) { return account->ListAccountAliases(session, in); }));
  rows.push_back(MakeIamRow<CreateAccountAliasRequest, CreateAccountAliasResponse>(
      "CreateAccountAlias", any,
      [account](const auto& session, const auto& in) { return account->CreateAccountAlias(session, in); }));
  rows.push_back(MakeIamRow<DeleteAccountAliasRequest, DeleteAccountAliasResponse>(
      "DeleteAccountAlias", any,
      [account](const auto& session, const auto& in) { return account->DeleteAccountAlias(session, in); }));
}

}  // namespace aloft::api::iam_rows
