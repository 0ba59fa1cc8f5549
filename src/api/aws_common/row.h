// Makes a row of an AWS operation from two functions over its generated structs; the row speaks every protocol that the
// service's model lists.
//
//   rows.push_back(MakeRow<iam::CreateUserRequest, iam::CreateUserResponse>(
//       iam::kModel, "CreateUser",
//       [](const Call& call, const iam::CreateUserRequest& in) -> std::vector<Permission> {
//         return {{"iam:CreateUser", UserArn(call.session.account, in)}};
//       },
//       [&service](const Call& call, const Authorized&, const iam::CreateUserRequest& in) {
//         return service.CreateUser(call.session, in);     // Result<iam::CreateUserResponse>
//       }));
//
// The request was decoded and validated against the model before either function sees it. An operation without output
// may return a Status.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "api/aws_common/audit_json.h"
#include "api/aws_common/wire.h"
#include "api/common/operation.h"
#include "foundation/base/check.h"

namespace aloft::api {

struct RowOptions {
  unsigned authenticators = kSigV4;
  std::size_t max_body_bytes = 1u << 20;
  std::string_view open{};  // Row::open
};

// Answers later, from any thread, exactly once.
template <class Out>
using Completion = std::function<void(Result<Out>)>;

namespace internal {

template <class In, class Out>
using AsyncHandler =
    std::function<void(const std::shared_ptr<const Call>&, const Authorized&, const In&, Completion<Out>)>;

template <class In, class Out>
class TypedPrepared final : public Prepared {
 public:
  TypedPrepared(const shapes::ServiceModel& service, const shapes::OperationModel& operation,
                std::vector<Permission> permissions, const AsyncHandler<In, Out>& handle, In input)
      : service_(service),
        operation_(operation),
        permissions_(std::move(permissions)),
        handle_(handle),
        input_(std::move(input)) {}

  std::vector<Permission> permissions() const override { return permissions_; }
  std::string audit_parameters() const override { return AuditJson(shapes::ShapeOf<In>(), &input_); }

  void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) override {
    handle_(call, authorized, input_,
            [&service = service_, &operation = operation_, call, respond = std::move(respond)](Result<Out> out) {
              if (!out.ok()) return respond(std::move(out).error());
              if (call->answer_elements != nullptr) *call->answer_elements = AuditJson(shapes::ShapeOf<Out>(), &*out);
              respond(EncodeResponse(service, operation, call->head(), call->request_id, &*out));
            });
  }

 private:
  const shapes::ServiceModel& service_;
  const shapes::OperationModel& operation_;
  std::vector<Permission> permissions_;
  const AsyncHandler<In, Out>& handle_;  // the row's, which lives as long as the server
  In input_;
};

const shapes::OperationModel& OperationOf(const shapes::ServiceModel& service, std::string_view operation,
                                          const shapes::Shape& input, const shapes::Shape& output);
Row MakeUntypedRow(const shapes::ServiceModel& service, const shapes::OperationModel& operation,
                   const RowOptions& options, std::function<Result<std::unique_ptr<Prepared>>(const Call&)> prepare);

}  // namespace internal

// For operations that wait for a peer: `handle(call, authorized, input, completion)` returns at once.
template <class In, class Out, class Permissions, class Handler>
Row MakeAsyncRow(const shapes::ServiceModel& service, std::string_view name, Permissions permissions, Handler handle,
                 RowOptions options = {}) {
  const shapes::OperationModel& operation =
      internal::OperationOf(service, name, shapes::ShapeOf<In>(), shapes::ShapeOf<Out>());
  auto handler = std::make_shared<const internal::AsyncHandler<In, Out>>(std::move(handle));
  return internal::MakeUntypedRow(service, operation, options,
                                  [&service, &operation, permissions = std::move(permissions),
                                   handler](const Call& call) -> Result<std::unique_ptr<Prepared>> {
                                    In input;
                                    ALOFT_TRY(DecodeRequest(service, operation, call.head(), call.body, &input));
                                    std::vector<Permission> needed = permissions(call, std::as_const(input));
                                    return std::unique_ptr<Prepared>(std::make_unique<internal::TypedPrepared<In, Out>>(
                                        service, operation, std::move(needed), *handler, std::move(input)));
                                  });
}

// `handle(call, authorized, input)` returns Result<Out>, or Status where Out has no members.
template <class In, class Out, class Permissions, class Handler>
Row MakeRow(const shapes::ServiceModel& service, std::string_view name, Permissions permissions, Handler handle,
            RowOptions options = {}) {
  return MakeAsyncRow<In, Out>(
      service, name, std::move(permissions),
      [handle = std::move(handle)](const std::shared_ptr<const Call>& call, const Authorized& authorized,
                                   const In& input, Completion<Out> complete) {
        auto result = handle(*call, authorized, input);
        if constexpr (std::is_same_v<decltype(result), Status>) {
          complete(result.ok() ? Result<Out>(Out{}) : Result<Out>(std::move(result).error()));
        } else {
          complete(std::move(result));
        }
      },
      options);
}

}  // namespace aloft::api
