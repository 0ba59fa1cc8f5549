// aloft configure: points the AWS tools and the SageMaker SDK at a server, in a profile and files of their own.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "app/cli/aws_profile.h"
#include "app/cli/commands.h"
#include "app/cli/remote.h"
#include "app/cli/subprocess.h"
#include "app/server_info.h"
#include "app/terminal.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

struct Options {
  std::string profile, data_directory;
  std::string endpoint, ca_file, region, bucket, access_key_id, secret_access_key;
  std::string python = "python3";
  bool no_sts_endpoint = false;
};

void WriteUserFile(const std::string& path, const std::string& text, mode_t mode) {
  OrFail(os::MakeDirectories(path.substr(0, path.rfind('/')), 0700));
  OrFail(os::WriteFileDurably(path, text, mode));
}

std::string ReadOrEmpty(const std::string& path) {
  auto text = os::ReadFile(path);
  return text.ok() ? *text : std::string();
}

// The SageMaker SDK asks STS at a hard-coded address, which it takes from botocore's endpoints file; ~/.aws/models is
// the only place where it looks for another. That file is shared by all profiles, so it is left alone where one of them
// uses this region: its answers would then come from here.
std::string WriteStsEndpoint(const Options& options, const Profile& profile, const Endpoint& endpoint) {
  std::string path = HomeDirectory() + "/.aws/models/endpoints.json";
  auto others = RegionsOfOthers(ReadOrEmpty(AwsConfigPath()), "profile " + options.profile);
  if (std::find(others.begin(), others.end(), profile.region) != others.end()) {
    return "not written: another of your profiles uses " + profile.region +
           ", whose SageMaker SDK would then ask this server.\n"
           "             Pass role ARNs to the SDK yourself, or give Aloft a region of its own: aloft up --region ...";
  }
  if (!endpoint.destination.tls)
    return "not written: the SDK insists on https for STS, and this server runs without TLS";
  static constexpr char kFind[] =
      "import botocore, os; print(os.path.join(os.path.dirname(botocore.__file__), 'data', 'endpoints.json'))";
  auto found = RunAndCapture({options.python, "-c", kFind});
  std::string source = found.ok() ? ReadOrEmpty(std::string(Trim(*found))) : std::string();
  if (source.empty()) {
    return "not written: " + options.python +
           " has no botocore; install the SageMaker SDK and run `aloft configure` again";
  }
  boost::json::value document = OrFail(codec::ParseJson(source));
  for (auto& partition : document.as_object()["partitions"].as_array()) {
    auto& services = partition.as_object()["services"].as_object();
    const auto& regions = partition.as_object()["regions"].as_object();
    if (!regions.contains(profile.region)) continue;
    auto& endpoints = services["sts"].as_object()["endpoints"].as_object();
    endpoints[profile.region] = {{"hostname", endpoint.host_header}};
  }
  WriteUserFile(path, codec::WriteJson(document), 0644);
  return path;
}

std::string SageMakerConfig(const std::string& bucket) {
  return "# Made by `aloft configure`; in force where SAGEMAKER_USER_CONFIG_OVERRIDE names this file.\n"
         "SchemaVersion: '1.0'\n"
         "SageMaker:\n"
         "  PythonSDK:\n"
         "    Modules:\n"
         "      Session:\n"
         "        DefaultS3Bucket: " +
         bucket +
         "\n"
         "      TelemetryOptOut: true\n";
}

std::string AccountOf(const Profile& profile) {
  auto remote = OrFail(Remote::Connect(profile));
  auto status = OrFail(remote->Own("GetStatus", boost::json::object()));
  return std::string(status.as_object().at("Account").as_string());
}

void Complete(Options& o) {
  if (o.endpoint.empty()) {
    ServerInfo info = OrFail(ReadServerInfo(o.data_directory));
    o.endpoint = info.url;
    if (o.ca_file.empty()) o.ca_file = info.ca_file;
    if (o.region.empty()) o.region = info.region;
  }
  if (o.region.empty()) o.region = "us-east-1";
  if (o.access_key_id.empty()) o.access_key_id = std::string(Trim(AskAtTerminal("Access key id", false)));
  if (o.secret_access_key.empty()) o.secret_access_key = std::string(Trim(AskAtTerminal("Secret access key", true)));
  if (o.access_key_id.empty() || o.secret_access_key.empty()) {
    OrFail(Status(Fail(kInvalidArgument,
                       "An access key is needed. The first `aloft up` shows the administrator's once; "
                       "`aws iam create-access-key` makes others.")));
  }
}

void Configure(Options o) {
  Complete(o);
  const std::string own = HomeDirectory() + "/.aloft";
  Profile profile{o.endpoint, "", o.region, o.access_key_id, o.secret_access_key, ""};
  Endpoint endpoint = OrFail(ParseEndpoint(o.endpoint));
  if (!o.ca_file.empty()) {
    profile.ca_bundle = own + "/" + o.profile + "-ca.pem";
    WriteUserFile(profile.ca_bundle, OrFail(os::ReadFile(o.ca_file)), 0644);
  }
  // Before anything of the user's is written, see that the key works.
  const std::string account = AccountOf(profile);

  OrFail(SaveProfile(o.profile, profile));

  const std::string sdk_config = own + "/" + o.profile + "-sagemaker.yaml";
  const std::string bucket = o.bucket.empty() ? "sagemaker-" + profile.region + "-" + account : o.bucket;
  WriteUserFile(sdk_config, SageMakerConfig(bucket), 0644);
  const std::string environment = own + "/" + o.profile + "-env";
  WriteUserFile(environment,
                "export AWS_PROFILE=" + o.profile + "\nexport SAGEMAKER_USER_CONFIG_OVERRIDE='" + sdk_config + "'\n",
                0644);
  const std::string sts = o.no_sts_endpoint ? "not written: --no-sts-endpoint" : WriteStsEndpoint(o, profile, endpoint);

  std::printf(
      "Profile '%s' is ready: %s, region %s, account %s.\n"
      "  AWS profile      %s\n"
      "  SageMaker SDK    %s (default bucket %s, telemetry off)\n"
      "  STS address      %s\n"
      "\nUse it in this shell:   source %s\n"
      "or for one command:     aws --profile %s s3 ls\n",
      o.profile.c_str(), o.endpoint.c_str(), profile.region.c_str(), account.c_str(), AwsConfigPath().c_str(),
      sdk_config.c_str(), bucket.c_str(), sts.c_str(), environment.c_str(), o.profile.c_str());
}

}  // namespace

void AddConfigure(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("configure", "Point the AWS CLI, boto3 and the SageMaker SDK at a server");
  AddProfileOption(*command, options->profile);
  AddDataOption(*command, options->data_directory);
  command->add_option("--endpoint", options->endpoint, "The server's URL; default: the server that runs on --data");
  command->add_option("--ca", options->ca_file, "PEM file of the authority that signed the server's certificate");
  command->add_option("--region", options->region, "The region of the profile; default: the server's");
  command->add_option("--bucket", options->bucket,
                      "The SageMaker SDK's default bucket (default: sagemaker-REGION-ACCOUNT)");
  command->add_option("--access-key-id", options->access_key_id, "Asked for where it is not given")
      ->envname("AWS_ACCESS_KEY_ID");
  command
      ->add_option("--secret-access-key", options->secret_access_key, "Asked for, unseen; better not on a command line")
      ->envname("AWS_SECRET_ACCESS_KEY");
  command->add_option("--python", options->python, "The Python that has the SageMaker SDK")->capture_default_str();
  command->add_flag("--no-sts-endpoint", options->no_sts_endpoint, "Leave ~/.aws/models alone");
  command->footer(
      "Examples:\n"
      "  aloft configure\n"
      "  aloft configure --endpoint https://ml.example.com:9710 --ca ca.pem --profile team");
  command->callback([options] { Configure(*options); });
}

}  // namespace aloft::app
