// The headers that say which version an object is, what locks it, how it is encrypted and whether it is in reach.
#pragma once

#include "foundation/http/message.h"
#include "services/objects/contract/types.h"

namespace aloft::api::s3 {

// x-amz-object-lock-*. kInvalidArgument.
Result<objects::Lock> ReadLock(const http::Headers& headers, Time now);
// GOVERNANCE or COMPLIANCE; kNone for anything else.
objects::RetentionMode ParseRetentionMode(std::string_view text);
std::string_view RetentionModeName(objects::RetentionMode mode);

// The encryption that a write asks for; kNone where its headers say nothing. kInvalidArgument; kInvalidRequest where a
// customer's key would travel in the clear.
Result<objects::EncryptionRequest> ReadEncryption(const http::RequestHead& head);
// The customer's key of a read, or of a copy's source with `prefix` "x-amz-copy-source-": 32 bytes; empty: none.
Result<std::string> ReadCustomerKey(const http::RequestHead& head, std::string_view prefix = "x-amz-");

// x-amz-version-id; nothing in a bucket that never had versions.
void AddVersion(http::Headers& headers, const objects::ObjectInfo& info);
// What the stored object says of its encryption, which is what was done. `head` for the digest of a customer's key.
void AddEncryption(http::Headers& headers, const objects::Encryption& encryption, const http::Headers& request);
// x-amz-object-lock-*, x-amz-restore.
void AddLock(http::Headers& headers, const objects::Lock& lock);
void AddRestore(http::Headers& headers, const objects::Restore& restore);

}  // namespace aloft::api::s3
