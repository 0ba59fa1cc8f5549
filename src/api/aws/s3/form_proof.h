// Who signed a POST form: the one request whose proof is in its body, so that the gateway cannot look at it.
#pragma once

#include <optional>

#include "api/aws/s3/operation.h"
#include "api/aws/s3_documents/post_policy.h"

namespace aloft::api::s3 {

struct FormProof {
  identity::Session session;
  documents::PostPolicy policy;
};

// Absent where the form carries neither policy nor signature. Signature version 4, and version 2, which boto3 makes
// unless it is told otherwise. crypto::kSignatureMismatch, identity's errors, kInvalidArgument,
// documents::kInvalidForm.
Result<std::optional<FormProof>> ReadFormProof(const Context& context, const documents::FormFields& fields, Time now);

// As the gateway decides for everybody else.
Status AuthorizeForm(const Context& context, const Call& call, const identity::Session& session,
                     const Permission& permission);

}  // namespace aloft::api::s3
