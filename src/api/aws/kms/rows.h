// The rows of KMS by group. Private to the room.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/aws/kms/api.h"
#include "api/aws_common/row.h"
#include "generated/shapes/kms/service_model.h"

namespace aloft::api {

struct KmsRows {
  kms::Service& kms;
  const KmsAccess& access;
  ServiceApi& api;

  // Permissions as a list; the handler gets the caller of the key service.
  template <class In, class Out, class Permissions, class Handler>
  void Add(std::string_view operation, Permissions permissions, Handler handler) {
    api.rows.push_back(MakeRow<In, Out>(
        shapes::kms::kModel, operation, std::move(permissions),
        [handler, &service = kms](const Call& call, const Authorized&, const In& in) {
          return handler(service, kms::Caller{call.session.account, call.region, call.session.arn}, in);
        }));
  }

  // An operation on the one key that `key_id` names, its action named after it.
  template <class In, class Out, class Handler>
  void AddOnKey(std::string_view operation, Handler handler) {
    Add<In, Out>(
        operation,
        [operation, *this](const Call& call, const In& in) {
          return std::vector<Permission>{OnKey(call, "kms:" + std::string(operation), in.key_id.value_or(""))};
        },
        handler);
  }

  // The same with an encryption context and an algorithm's condition keys.
  Permission OnKey(const Call& call, std::string action, const std::string& named,
                   const std::optional<std::map<std::string, std::string>>& context = std::nullopt) const;
  // On the key that made a ciphertext, or the one named.
  Permission OnCiphertext(const Call& call, std::string action, const std::optional<std::string>& named,
                          const std::optional<shapes::Blob>& blob,
                          const std::optional<std::map<std::string, std::string>>& context) const;
  Permission OnAlias(const Call& call, std::string action, const std::string& alias) const;
};

void AddKeyRows(KmsRows rows);
void AddAliasRows(KmsRows rows);
void AddGrantRows(KmsRows rows);
void AddCryptographyRows(KmsRows rows);

}  // namespace aloft::api
