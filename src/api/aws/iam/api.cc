#include "api/aws/iam/api.h"

#include "api/aws/iam/rows.h"
#include "platform/credentials/errors.h"
#include "platform/identity/errors.h"
#include "platform/identity/state.h"

namespace aloft::api {

namespace iam_rows {

std::string ArnOf(identity::Service& identity, const Call& call, identity::EntityKind kind, std::string_view name,
                  std::string_view path_if_new) {
  identity::Entity entity;
  entity.account = call.session.account;
  entity.kind = kind;
  entity.name = name;
  entity.path = path_if_new;
  // A policy may speak of the path, which the request does not carry. A snapshot in memory knows it.
  if (const auto found = identity::FindPrincipal(identity.state(), entity.account, kind, entity.name);
      found.ok() && *found != nullptr)
    return (*found)->entity.Arn();
  return entity.Arn();
}

std::string ArnOfAll(const Call& call, identity::EntityKind kind, std::string_view path) {
  return "arn:aws:iam::" + call.session.account.value() + ":" + std::string(identity::KindText(kind)) +
         std::string(path);
}

}  // namespace iam_rows

ServiceApi MakeIamApi(const IamDependencies& dependencies) {
  identity::Service& identity = dependencies.identity;
  ServiceApi api;
  api.model = &shapes::iam::kModel;
  iam_rows::AddUserRows(identity, api.rows);
  iam_rows::AddGroupRows(identity, api.rows);
  iam_rows::AddRoleRows(identity, api.rows);
  iam_rows::AddPolicyRows(identity, api.rows);
  iam_rows::AddAccountRows(identity, api.rows);
  iam_rows::AddSimulationRows(identity, api.rows);
  iam_rows::AddFactorRows(dependencies, api.rows);
  iam_rows::AddProviderRows(dependencies, api.rows);
  iam_rows::AddReportRows(dependencies, api.rows);
  iam_rows::AddAbsentRows(dependencies, api.rows);
  api.errors = {
      {identity::kNoSuchEntity, "NoSuchEntity", 404},
      {identity::kEntityAlreadyExists, "EntityAlreadyExists", 409},
      {identity::kDeleteConflict, "DeleteConflict", 409},
      {identity::kLimitExceeded, "LimitExceeded", 409},
      {identity::kInvalidInput, "InvalidInput", 400},
      {identity::kMalformedPolicyDocument, "MalformedPolicyDocument", 400},
      {identity::kPolicyNotAttachable, "PolicyNotAttachable", 400},
      {identity::kUnmodifiableEntity, "UnmodifiableEntity", 400},
      {identity::kValidation, "ValidationError", 400},
      {factors::kPasswordPolicyViolation, "PasswordPolicyViolation", 400},
      {factors::kInvalidAuthenticationCode, "InvalidAuthenticationCode", 403},
      {factors::kTooManyAttempts, "Throttling", 400},
      {credentials::kReportNotPresent, "ReportNotPresent", 410},
      {credentials::kReportExpired, "ReportExpired", 410},
      {credentials::kWrongPassword, "AccessDenied", 403},
      {credentials::kConcurrentModification, "ConcurrentModification", 409},
  };
  return api;
}

}  // namespace aloft::api
