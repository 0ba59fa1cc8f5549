// What reasons are called on the wire of the AWS protocols.
#pragma once

#include <span>
#include <string_view>

#include "api/aws_common/wire.h"
#include "foundation/base/error.h"

namespace aloft::api {

inline constexpr Reason kUnknownOperation{ErrorKind::kInvalid, "UnknownOperation"};

// One line of a service's table: {identity::kNoSuchEntity, "NoSuchEntity"}. `code` is the model's name of the error's
// shape or, where the model has none, the code on the wire.
struct ErrorName {
  Reason reason;
  std::string_view code;
  int status = 0;  // 0: the model's, else the kind's
};

// The wire name of an error: the service's table, then what all services share (signatures, access, validation,
// throttling), then the kind.
WireError NameError(const Error& error, Protocol protocol, const shapes::ServiceModel* model,
                    std::span<const ErrorName> table);

}  // namespace aloft::api
