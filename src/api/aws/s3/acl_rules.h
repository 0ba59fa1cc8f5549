// Whether a bucket takes the list that a request wishes, and the list that goes with an object.
#pragma once

#include <string>

#include "api/aws/s3/access.h"
#include "api/aws/s3_wire/acl_headers.h"
#include "foundation/http/message.h"

namespace aloft::api::s3 {

// kAclNotSupported where ownership is enforced and the list gives anything to anybody but the owner; kAccessDenied
// where the public access block forbids public lists.
Status CheckAclAllowed(const BucketAccess& access, const documents::Acl& acl);

// The document to keep with an object that is written with these headers; empty: private, or none was wished. Errors as
// CheckAclAllowed.
Result<std::string> ObjectAclOf(const BucketAccess& access, const http::Headers& headers);

// An OwnershipControls of one rule.
std::string OwnershipDocument(std::string_view ownership);
// kInvalidAclWithOwnership where the bucket's own list stands against enforcing its ownership. `document` is a checked
// OwnershipControls.
Status CheckOwnershipChange(const BucketAccess& access, std::string_view document);

}  // namespace aloft::api::s3
