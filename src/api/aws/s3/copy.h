// x-amz-copy-source and the conditions on it.
#pragma once

#include <string>

#include "api/aws/s3/operation.h"

namespace aloft::api::s3 {

struct CopySource {
  std::string bucket;
  std::string key;
  std::string version;       // empty: the latest
  std::string customer_key;  // 32 bytes, of a source whose writer brought its key
  std::string ObjectArn() const { return "arn:aws:s3:::" + bucket + "/" + key; }
};

// "bucket/key" or "/bucket/key", percent-encoded, perhaps with ?versionId=...
Result<CopySource> ReadCopySource(const Context& context, const http::RequestHead& head);

// The conditional headers on the source, as a check of the object store's, which also learns the version.
objects::Service::SourceCheck SourceConditions(const Call& call, std::string& version);

}  // namespace aloft::api::s3
