// What reading an object takes, whichever operation reads: whose key, whose right, which answer to who may not.
#pragma once

#include "api/aws/s3/operation.h"

namespace aloft::api::s3 {

// A delete marker has its headers also where it is an error:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
Result<http::Response> RefuseRead(const Context& context, const Call& call, const Authorized& authorized,
                                  const AccountId& owner, const Target& target, const Error& cause);

// The version and the customer's key that the request names.
Result<objects::ReadOptions> ReadOptionsOf(const Call& call, const Target& target);

// Who may have the object is not yet who may have it decrypted. Refers to its arguments.
objects::ObjectCheck MayRead(const Context& context, const Call& call, const Authorized& authorized,
                             const Target& target);

}  // namespace aloft::api::s3
