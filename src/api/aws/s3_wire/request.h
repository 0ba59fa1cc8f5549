// An S3 request's head, decoded: which operation on which bucket and key.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/codec/uri.h"
#include "foundation/http/message.h"

namespace aloft::api::s3 {

struct Target {
  std::string bucket;  // empty: the service
  std::string key;     // any bytes, never a path; empty: the bucket
  codec::Query query;

  const std::string* Find(std::string_view name) const { return codec::Find(query, name); }
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // Its value, or empty.
  std::string_view Get(std::string_view name) const {
    const std::string* value = Find(name);
    return value == nullptr ? std::string_view() : std::string_view(*value);
  }

  std::string BucketArn() const { return "arn:aws:s3:::" + bucket; }
  std::string ObjectArn() const { return BucketArn() + "/" + key; }
};

// "bucket" of "bucket.s3.example.com:443", where `domain` is "s3.example.com"; empty where the host is not below it.
std::string_view BucketOfHost(std::string_view host, std::string_view domain);

// `domain` as in front.h. Errors: kInvalidUri.
Result<Target> ParseTarget(const http::RequestHead& head, std::string_view domain);

// The name of the operation, built or not: "PutObject", "PutBucketCors". Errors: kMethodNotAllowed.
Result<std::string_view> NameOperation(const http::RequestHead& head, const Target& target);

// The service that a request is signed for; empty where it is not signed.
std::string_view SignedService(const http::RequestHead& head, const codec::Query& query);

}  // namespace aloft::api::s3
