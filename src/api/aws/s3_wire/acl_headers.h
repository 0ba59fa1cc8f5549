// x-amz-acl and x-amz-grant-*: the list that a request wishes.
#pragma once

#include <string>

#include "api/aws/s3_documents/acl.h"
#include "foundation/http/message.h"

namespace aloft::api::s3 {

bool HasAclHeaders(const http::Headers& headers);

// kInvalidArgument; kInvalidRequest where both kinds of headers are there.
Result<documents::Acl> ReadAclHeaders(const http::Headers& headers, const std::string& owner,
                                      const std::string& bucket_owner);

}  // namespace aloft::api::s3
