// "s3://bucket/prefix" of the command line, and the client for where it lies.
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/random.h"
#include "foundation/s3/client.h"

namespace aloft::app {

struct S3Path {
  std::string bucket{};
  std::string prefix{};  // of keys; may be empty
};
// kInvalidArgument.
Result<S3Path> ParseS3Path(std::string_view text);

// How an endpoint is found: a profile of the AWS tools' files, and what the command line says over it.
struct EndpointOptions {
  std::string profile{};
  std::string endpoint{};
  std::string ca_file{};
  // Where false, AWS_ACCESS_KEY_ID and its fellows do not count: they are another endpoint's.
  bool environment = true;
};
// kInvalidArgument, kNotConfigured, and what Client::Open says. `clock` and `random` outlive the client.
Result<std::unique_ptr<s3::Client>> OpenPlace(const EndpointOptions& options, const Clock& clock, Random& random);

// "1.5 GiB".
std::string HumanBytes(std::uint64_t bytes);

}  // namespace aloft::app
