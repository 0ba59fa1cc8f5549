// Reads and edits the AWS tools' own configuration files without touching what belongs to anybody else.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::app {

using Settings = std::vector<std::pair<std::string, std::string>>;

// The values of one section of an AWS configuration file; empty where there is no such section.
Settings ReadSection(std::string_view text, std::string_view section);

// `text` with `section` holding exactly `settings`: an existing section is replaced in place, another is left as it is
// byte by byte.
std::string WithSection(std::string_view text, std::string_view section, const Settings& settings);

// Every region that a section other than `except` names.
std::vector<std::string> RegionsOfOthers(std::string_view config_text, std::string_view except);

// How to reach a server as somebody.
struct Profile {
  std::string endpoint_url;
  std::string ca_bundle;  // a file
  std::string region;
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
};

// Where the AWS tools keep their files: $AWS_CONFIG_FILE, $AWS_SHARED_CREDENTIALS_FILE, else below ~/.aws.
std::string AwsConfigPath();
std::string AwsCredentialsPath();
std::string HomeDirectory();

// The profile `name`, as far as the files say it; with `environment` AWS_ACCESS_KEY_ID and its fellows and
// AWS_ENDPOINT_URL override it.
Profile ReadProfile(const std::string& name, bool environment);

// The profile `name`; AWS_ACCESS_KEY_ID and its fellows and AWS_ENDPOINT_URL override it, as they do for the AWS tools.
// An incomplete profile is an error that says which command completes it.
Result<Profile> LoadProfile(const std::string& name);

// Writes the profile's two sections, its credentials into their own file; what belongs to others stays.
Status SaveProfile(const std::string& name, const Profile& profile);

}  // namespace aloft::app
