// The tables of IAM's rows, and how a row names what it acts on. Private to the directory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/aws/iam/api.h"
#include "api/aws_common/row.h"
#include "foundation/base/bytes.h"
#include "generated/shapes/iam/service_model.h"
#include "platform/identity/records.h"
#include "platform/identity/service.h"

namespace aloft::api::iam_rows {

void AddUserRows(identity::Service& identity, std::vector<Row>& rows);
void AddGroupRows(identity::Service& identity, std::vector<Row>& rows);
void AddRoleRows(identity::Service& identity, std::vector<Row>& rows);
void AddPolicyRows(identity::Service& identity, std::vector<Row>& rows);
void AddAccountRows(identity::Service& identity, std::vector<Row>& rows);
void AddSimulationRows(identity::Service& identity, std::vector<Row>& rows);
void AddFactorRows(const IamDependencies& dependencies, std::vector<Row>& rows);
void AddProviderRows(const IamDependencies& dependencies, std::vector<Row>& rows);
void AddReportRows(const IamDependencies& dependencies, std::vector<Row>& rows);
void AddAbsentRows(const IamDependencies& dependencies, std::vector<Row>& rows);

// The ARN of a user, group, role or instance profile of the caller's account, with its path where it exists.
std::string ArnOf(identity::Service& identity, const Call& call, identity::EntityKind kind, std::string_view name,
                  std::string_view path_if_new = "/");
// All of a kind, as the resource of lists: arn:aws:iam::123456789012:user/
std::string ArnOfAll(const Call& call, identity::EntityKind kind, std::string_view path = "/");

// A row whose one permission is `iam:<operation>` on `resource(call, in)` with `context(in)`.
template <class In, class Out, class Resource, class Handler>
Row MakeIamRow(std::string_view operation, Resource resource, Handler handler) {
  return MakeRow<In, Out>(
      shapes::iam::kModel, operation,
      [operation, resource](const Call& call, const In& in) -> std::vector<Permission> {
        Permission permission{"iam:" + std::string(operation), resource(call, in), {}};
        // What a policy may restrict about the request itself.
        if constexpr (requires { in.policy_arn; })
          if (in.policy_arn) permission.context["iam:policyarn"] = {*in.policy_arn};
        if constexpr (requires { in.permissions_boundary; })
          if (in.permissions_boundary) permission.context["iam:permissionsboundary"] = {*in.permissions_boundary};
        if constexpr (requires { in.aws_service_name; })
          if (in.aws_service_name) permission.context["iam:awsservicename"] = {*in.aws_service_name};
        if constexpr (requires { in.tags->front().key; }) {
          for (const auto& tag : in.tags.value_or(std::decay_t<decltype(*in.tags)>())) {
            permission.context["aws:requesttag/" + ToLower(tag.key.value_or(""))] = {tag.value.value_or("")};
            permission.context["aws:tagkeys"].push_back(tag.key.value_or(""));
          }
        }
        return {std::move(permission)};
      },
      [handler](const Call& call, const Authorized&, const In& in) { return handler(call.session, in); });
}

}  // namespace aloft::api::iam_rows
