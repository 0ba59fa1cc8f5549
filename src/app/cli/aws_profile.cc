#include "app/cli/aws_profile.h"

#include <cstdlib>
#include <optional>

#include "foundation/base/bytes.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

constexpr Reason kNotConfigured{ErrorKind::kInvalid, "NotConfigured"};

std::string Environment(const char* name, std::string otherwise = {}) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

// The section name of a "[name]" line, or absent.
std::optional<std::string_view> SectionName(std::string_view line) {
  line = Trim(line);
  if (!line.starts_with('[') || !line.ends_with(']')) return std::nullopt;
  return Trim(line.substr(1, line.size() - 2));
}

template <class F>
void ForEachLine(std::string_view text, F&& visit) {
  while (!text.empty()) {
    auto end = text.find('\n');
    std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    visit(text.substr(0, length));
    text.remove_prefix(length);
  }
}

void Override(std::string& value, const char* variable) {
  value = Environment(variable, value);
}

Status ReplaceSection(const std::string& path, const std::string& section, const Settings& settings) {
  auto text = os::ReadFile(path);
  ALOFT_TRY(os::MakeDirectories(path.substr(0, path.rfind('/')), 0700));
  return os::WriteFileDurably(path, WithSection(text.ok() ? *text : "", section, settings), 0600);
}

}  // namespace

Settings ReadSection(std::string_view text, std::string_view section) {
  Settings settings;
  bool inside = false;
  ForEachLine(text, [&](std::string_view line) {
    if (auto name = SectionName(line)) {
      inside = *name == section;
      return;
    }
    bool nested = !line.empty() && (line.front() == ' ' || line.front() == '\t');
    auto equals = line.find('=');
    std::string_view key = Trim(line.substr(0, equals));
    if (!inside || nested || equals == std::string_view::npos || key.starts_with('#')) return;
    settings.emplace_back(key, Trim(line.substr(equals + 1)));
  });
  return settings;
}

std::string WithSection(std::string_view text, std::string_view section, const Settings& settings) {
  std::string body = "[" + std::string(section) + "]\n";
  for (const auto& [key, value] : settings) body += key + " = " + value + "\n";

  std::string out;
  bool inside = false;
  bool written = false;
  ForEachLine(text, [&](std::string_view line) {
    if (auto name = SectionName(line)) {
      if (inside && out.ends_with('\n')) out += '\n';
      inside = *name == section;
      if (inside && !written) out += body;
      written = written || inside;
    }
    if (!inside) out += line;
  });
  if (!written) {
    if (!out.empty() && !out.ends_with('\n')) out += '\n';
    if (!out.empty()) out += '\n';
    out += body;
  }
  return out;
}

std::vector<std::string> RegionsOfOthers(std::string_view config_text, std::string_view except) {
  std::vector<std::string> regions;
  bool other = false;
  ForEachLine(config_text, [&](std::string_view line) {
    if (auto name = SectionName(line)) other = *name != except;
    auto equals = line.find('=');
    if (other && equals != std::string_view::npos && Trim(line.substr(0, equals)) == "region") {
      regions.emplace_back(Trim(line.substr(equals + 1)));
    }
  });
  return regions;
}

std::string HomeDirectory() {
  return Environment("HOME", "/");
}
std::string AwsConfigPath() {
  return Environment("AWS_CONFIG_FILE", HomeDirectory() + "/.aws/config");
}
std::string AwsCredentialsPath() {
  return Environment("AWS_SHARED_CREDENTIALS_FILE", HomeDirectory() + "/.aws/credentials");
}

Profile ReadProfile(const std::string& name, bool environment) {
  Profile profile;
  auto apply = [&](const Settings& settings) {
    for (const auto& [key, value] : settings) {
      if (key == "endpoint_url") profile.endpoint_url = value;
      if (key == "ca_bundle") profile.ca_bundle = value;
      if (key == "region") profile.region = value;
      if (key == "aws_access_key_id") profile.access_key_id = value;
      if (key == "aws_secret_access_key") profile.secret_access_key = value;
      if (key == "aws_session_token") profile.session_token = value;
    }
  };
  const std::string section = name == "default" ? name : "profile " + name;
  if (auto text = os::ReadFile(AwsConfigPath()); text.ok()) apply(ReadSection(*text, section));
  if (auto text = os::ReadFile(AwsCredentialsPath()); text.ok()) apply(ReadSection(*text, name));
  if (!environment) return profile;
  if (!Environment("AWS_ACCESS_KEY_ID").empty()) profile.session_token.clear();
  Override(profile.endpoint_url, "AWS_ENDPOINT_URL");
  Override(profile.ca_bundle, "AWS_CA_BUNDLE");
  Override(profile.access_key_id, "AWS_ACCESS_KEY_ID");
  Override(profile.secret_access_key, "AWS_SECRET_ACCESS_KEY");
  Override(profile.session_token, "AWS_SESSION_TOKEN");
  return profile;
}

Result<Profile> LoadProfile(const std::string& name) {
  Profile profile = ReadProfile(name, true);
  if (profile.region.empty()) profile.region = "us-east-1";
  if (profile.endpoint_url.empty() || profile.access_key_id.empty() || profile.secret_access_key.empty()) {
    return Fail(kNotConfigured,
                "There is no complete profile '" + name +
                    "'.\nRun `aloft configure` first; it needs an access key, which `aloft up` "
                    "shows once at the first start, or which an administrator makes with `aws iam create-access-key`.");
  }
  return profile;
}

Status SaveProfile(const std::string& name, const Profile& profile) {
  Settings config{{"region", profile.region}, {"endpoint_url", profile.endpoint_url}};
  if (!profile.ca_bundle.empty()) config.emplace_back("ca_bundle", profile.ca_bundle);
  ALOFT_TRY(ReplaceSection(AwsConfigPath(), "profile " + name, config));
  Settings credentials{{"aws_access_key_id", profile.access_key_id},
                       {"aws_secret_access_key", profile.secret_access_key}};
  if (!profile.session_token.empty()) credentials.emplace_back("aws_session_token", profile.session_token);
  return ReplaceSection(AwsCredentialsPath(), name, credentials);
}

}  // namespace aloft::app
