// aloft login: name and password (and code), or an issuer's page, for a profile's temporary credentials.
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>

#include "app/cli/aws_profile.h"
#include "app/cli/commands.h"
#include "app/cli/issuer_login.h"
#include "app/cli/remote.h"
#include "app/server_info.h"
#include "app/terminal.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

struct Options {
  std::string profile, data_directory, endpoint, ca_file, region, account, user, code;
  bool process = false;
  IssuerChoices issuer;
};

std::string Setting(const Settings& settings, std::string_view name) {
  for (const auto& [key, value] : settings)
    if (key == name) return value;
  return "";
}

// Where to sign in: as told, else as the profile says, else the server that runs here.
Profile Server(Options& o) {
  const auto config = os::ReadFile(AwsConfigPath());
  const Settings known = ReadSection(config.ok() ? *config : "", "profile " + o.profile);
  Profile profile{.endpoint_url = o.endpoint.empty() ? Setting(known, "endpoint_url") : o.endpoint,
                  .ca_bundle = o.ca_file.empty() ? Setting(known, "ca_bundle") : o.ca_file,
                  .region = o.region.empty() ? Setting(known, "region") : o.region,
                  .access_key_id = {},
                  .secret_access_key = {},
                  .session_token = {}};
  if (profile.endpoint_url.empty()) {
    const ServerInfo info = OrFail(ReadServerInfo(o.data_directory));
    profile.endpoint_url = info.url;
    if (profile.ca_bundle.empty()) profile.ca_bundle = info.ca_file;
    if (profile.region.empty()) profile.region = info.region;
    if (o.account.empty()) o.account = info.account;
  }
  if (profile.region.empty()) profile.region = "us-east-1";
  return profile;
}

json::value SignIn(Remote& remote, const Options& o) {
  // From the environment for scripts and tests; never from the command line, which others can see.
  const char* given = std::getenv("ALOFT_PASSWORD");
  const std::string password = given != nullptr ? given : AskAtTerminal("Password", true);
  json::object request{{"Account", o.account}, {"UserName", o.user}, {"Password", password}, {"Credentials", true}};
  if (!o.code.empty()) request["Code"] = o.code;
  auto answer = remote.Unsigned("SignIn", request);
  if (answer.ok()) return *answer;
  const std::string& message = answer.error().message;
  if (message.starts_with("PasswordChangeRequired")) {
    const char* fresh = std::getenv("ALOFT_NEW_PASSWORD");
    request["NewPassword"] = fresh != nullptr ? fresh : AskAtTerminal("New password", true);
    return OrFail(remote.Unsigned("SignIn", request));
  }
  throw CommandFailed{answer.error()};
}

void Login(Options o) {
  Profile profile = Server(o);
  const std::string region = profile.region, url = profile.endpoint_url, ca = profile.ca_bundle;
  json::value answer;
  if (o.issuer.issuer.empty()) {
    if (o.account.empty()) o.account = AskAtTerminal("Account (number or alias)", false);
    if (o.user.empty()) o.user = AskAtTerminal("User name", false);
    auto remote = OrFail(Remote::Connect(std::move(profile)));
    answer = SignIn(*remote, o);
  } else {
    answer = OrFail(LogInAtIssuer(o.issuer, profile));
  }
  if (o.process) {
    std::printf("%s\n", codec::WriteJson(answer).c_str());
    return;
  }
  const json::object& credentials = answer.as_object();
  const auto text = [&](const char* name) { return std::string(credentials.at(name).as_string()); };
  OrFail(SaveProfile(o.profile, {url, ca, region, text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken")}));
  std::printf("Signed in as %s until %s.\nUse it:   aws --profile %s s3 ls\n", text("Arn").c_str(),
              text("Expiration").c_str(), o.profile.c_str());
}

}  // namespace

void AddLogin(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("login", "Sign in with name and password: a profile with temporary credentials");
  AddProfileOption(*command, options->profile);
  AddDataOption(*command, options->data_directory);
  command->add_option("--endpoint", options->endpoint, "The server's URL; default: the profile's, or the server here");
  command->add_option("--ca", options->ca_file, "PEM file of the authority that signed the server's certificate");
  command->add_option("--region", options->region, "The region of the profile");
  command->add_option("--account", options->account, "The account's number or alias");
  command->add_option("--user", options->user, "The user's name; asked for where it is not given");
  command->add_option("--code", options->code, "The six digits of the user's MFA device, where it has one");
  auto* issuer = command->add_option("--issuer", options->issuer.issuer,
                                     "Sign in at this OpenID Connect issuer, in a browser, instead of by password");
  auto* role = command->add_option("--role", options->issuer.role, "The ARN of the role to take, with --issuer");
  auto* client = command->add_option("--client-id", options->issuer.client_id, "The client id that the issuer knows");
  command->add_option("--issuer-ca", options->issuer.ca_file, "PEM file of the authority of the issuer's certificate");
  issuer->needs(role)->needs(client);
  command->add_flag("--process", options->process, "Print the credentials as a credential_process does, write nothing");
  command->footer(
      "The password is asked for, unseen, or taken from ALOFT_PASSWORD.\n"
      "Examples:\n  aloft login --user ada --code 123456\n  aloft login --profile team --account research --user ada\n"
      "  aloft login --issuer https://login.example.com --client-id aloft --role "
      "arn:aws:iam::123456789012:role/research");
  command->callback([options] { Login(*options); });
}

}  // namespace aloft::app
