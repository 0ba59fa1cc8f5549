// An object's bytes as the body of an answer: from memory where they are few, by the kernel from its file where they
// lie in one, else piece by piece on the pool.
#pragma once

#include <memory>

#include "api/aws/s3_wire/range.h"
#include "foundation/base/result.h"
#include "foundation/http/message.h"
#include "foundation/os/thread_pool.h"
#include "services/objects/contract/sessions.h"

namespace aloft::api::s3 {

// The pool must outlive the body.
Result<http::Body> MakeBody(os::ThreadPool& pool, std::unique_ptr<objects::ObjectReader> reader, ByteRange range);

}  // namespace aloft::api::s3
