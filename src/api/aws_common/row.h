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
#include <type_traits>
#include <utility>
#include <vector>

#include "api/common/operation.h"
#include "foundation/shapes/service_model.h"

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

// An operation without its types, so that what each of a few hundred rows does alike is compiled once. `input` is an
// object of the operation's input shape.
class Operation {
 public:
  using Input = std::unique_ptr<void, void (*)(void*)>;
  using Answer = std::function<void(Result<const void*>)>;  // an object of the output's shape, alive during the call

  virtual ~Operation() = default;
  virtual Input NewInput() const = 0;
  virtual std::vector<Permission> Permissions(const Call& call, const void* input) const = 0;
  virtual void Handle(const std::shared_ptr<const Call>& call, const Authorized& authorized, const void* input,
                      Answer answer) const = 0;
};

template <class In, class PermissionsOf>
class TypedOperation : public Operation {
 public:
  explicit TypedOperation(PermissionsOf permissions) : permissions_(std::move(permissions)) {}

  Input NewInput() const override {
    return {new In, [](void* input) { delete static_cast<In*>(input); }};
  }
  std::vector<Permission> Permissions(const Call& call, const void* input) const override {
    return permissions_(call, *static_cast<const In*>(input));
  }

 private:
  PermissionsOf permissions_;
};

template <class In, class Out, class PermissionsOf, class Handler>
class SyncOperation final : public TypedOperation<In, PermissionsOf> {
 public:
  SyncOperation(PermissionsOf permissions, Handler handle)
      : TypedOperation<In, PermissionsOf>(std::move(permissions)), handle_(std::move(handle)) {}

  void Handle(const std::shared_ptr<const Call>& call, const Authorized& authorized, const void* input,
              Operation::Answer answer) const override {
    auto result = handle_(*call, authorized, *static_cast<const In*>(input));
    if (!result.ok()) return answer(std::move(result).error());
    if constexpr (std::is_same_v<decltype(result), Status>) {
      const Out empty{};
      answer(&empty);
    } else {
      answer(&*result);
    }
  }

 private:
  Handler handle_;
};

template <class In, class Out, class PermissionsOf, class Handler>
class AsyncOperation final : public TypedOperation<In, PermissionsOf> {
 public:
  AsyncOperation(PermissionsOf permissions, Handler handle)
      : TypedOperation<In, PermissionsOf>(std::move(permissions)), handle_(std::move(handle)) {}

  void Handle(const std::shared_ptr<const Call>& call, const Authorized& authorized, const void* input,
              Operation::Answer answer) const override {
    handle_(call, authorized, *static_cast<const In*>(input), [answer = std::move(answer)](Result<Out> out) {
      if (!out.ok()) return answer(std::move(out).error());
      answer(&*out);
    });
  }

 private:
  Handler handle_;
};

// `input` and `output` are checked against the model's operation `name`.
Row MakeUntypedRow(const shapes::ServiceModel& service, std::string_view name, const shapes::Shape& input,
                   const shapes::Shape& output, const RowOptions& options, std::shared_ptr<const Operation> operation);

}  // namespace internal

// For operations that wait for a peer: `handle(call, authorized, input, completion)` returns at once; `input` lives
// until `completion` was called.
template <class In, class Out, class Permissions, class Handler>
Row MakeAsyncRow(const shapes::ServiceModel& service, std::string_view name, Permissions permissions, Handler handle,
                 RowOptions options = {}) {
  using Typed = internal::AsyncOperation<In, Out, Permissions, Handler>;
  return internal::MakeUntypedRow(service, name, shapes::ShapeOf<In>(), shapes::ShapeOf<Out>(), options,
                                  std::make_shared<const Typed>(std::move(permissions), std::move(handle)));
}

// `handle(call, authorized, input)` returns Result<Out>, or Status where Out has no members.
template <class In, class Out, class Permissions, class Handler>
Row MakeRow(const shapes::ServiceModel& service, std::string_view name, Permissions permissions, Handler handle,
            RowOptions options = {}) {
  using Typed = internal::SyncOperation<In, Out, Permissions, Handler>;
  return internal::MakeUntypedRow(service, name, shapes::ShapeOf<In>(), shapes::ShapeOf<Out>(), options,
                                  std::make_shared<const Typed>(std::move(permissions), std::move(handle)));
}

}  // namespace aloft::api
