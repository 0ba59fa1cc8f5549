// x-amz-copy-source and the conditions on it.
#pragma once

#include <string>

#include "api/aws/s3/operation.h"

namespace aloft::api::s3 {

struct CopySource {
  std::string bucket;
  std::string key;
  std::string ObjectArn() const { return "arn:aws:s3:::" + bucket + "/" + key; }
};

// "bucket/key" or "/bucket/key", percent-encoded, perhaps with ?versionId=null.
Result<CopySource> ReadCopySource(const Context& context, const http::Headers& headers);

// The conditional headers on the source, as a check of the object store's.
objects::Service::SourceCheck SourceConditions(const Call& call);

// A missing source is only admitted to who may list its bucket.
Error MissingSource(const Authorized& authorized, const CopySource& source, const Error& error);

}  // namespace aloft::api::s3
