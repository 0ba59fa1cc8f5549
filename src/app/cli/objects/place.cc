#include "app/cli/objects/place.h"

#include <cstdio>

#include "app/cli/aws_profile.h"
#include "foundation/os/file.h"

namespace aloft::app {

Result<S3Path> ParseS3Path(std::string_view text) {
  if (!text.starts_with("s3://") || text.size() == 5 || text[5] == '/')
    return Fail(kInvalidArgument, "'" + std::string(text) + "' is no place: write s3://bucket or s3://bucket/prefix");
  text.remove_prefix(5);
  auto slash = text.find('/');
  S3Path path{.bucket = std::string(text.substr(0, slash)), .prefix = {}};
  if (slash != std::string_view::npos) path.prefix = text.substr(slash + 1);
  return path;
}

Result<std::unique_ptr<s3::Client>> OpenPlace(const EndpointOptions& options, const Clock& clock, Random& random) {
  Profile profile = ReadProfile(options.profile, options.environment);
  if (!options.endpoint.empty()) profile.endpoint_url = options.endpoint;
  if (!options.ca_file.empty()) profile.ca_bundle = options.ca_file;
  if (profile.region.empty()) profile.region = "us-east-1";
  if (profile.endpoint_url.empty()) profile.endpoint_url = "https://s3." + profile.region + ".amazonaws.com";
  if (profile.access_key_id.empty() || profile.secret_access_key.empty())
    return Fail(kInvalidArgument, "the profile '" + options.profile + "' has no access key: see " +
                                      AwsCredentialsPath() + ", or run `aloft configure`");
  s3::Access access{.endpoint = profile.endpoint_url, .region = profile.region};
  access.access_key_id = profile.access_key_id;
  access.secret_access_key = profile.secret_access_key;
  access.session_token = profile.session_token;
  if (!profile.ca_bundle.empty()) {
    ALOFT_ASSIGN(access.ca_pem, os::ReadFile(profile.ca_bundle));
  }
  return s3::Client::Open(std::move(access), clock, random);
}

std::string HumanBytes(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

}  // namespace aloft::app
