// aloft: the server and its command line.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "app/cli/commands.h"
#include "app/config.h"
#include "app/version.h"

namespace aloft::app {

void AddProfileOption(CLI::App& command, std::string& profile) {
  const char* given = std::getenv("ALOFT_PROFILE");
  profile = given != nullptr && *given != '\0' ? given : "aloft";
  command.add_option("--profile", profile, "The AWS profile to act as, made by `aloft configure`")
      ->capture_default_str();
}

void AddDataOption(CLI::App& command, std::string& data_directory) {
  data_directory = DefaultDataDirectory();
  command.add_option("--data", data_directory, "The server's data directory ($ALOFT_DATA)")->capture_default_str();
}

}  // namespace aloft::app

int main(int argc, char** argv) {
  using namespace aloft::app;
  CLI::App app{"Aloft, an ML cloud that you own: one server behind the APIs of S3, IAM, SageMaker and CloudWatch.",
               "aloft"};
  app.set_version_flag("--version", std::string("aloft ") + kVersion);
  app.require_subcommand(1);
  app.footer(
      "First use:\n"
      "  aloft up                 start a cloud; the first start shows the administrator's key\n"
      "  aloft configure          make the AWS profile 'aloft' for the AWS CLI, boto3 and the SageMaker SDK\n"
      "  aws --profile aloft s3 mb s3://data\n"
      "Every command has examples: aloft COMMAND --help");
  AddUp(app);
  AddConfigure(app);
  AddStatus(app);
  AddJobs(app);
  AddQueue(app);
  AddLogs(app);
  AddToken(app);
  AddLogin(app);
  AddDoctor(app);
  AddOperations(app);
  AddKeys(app);
  AddIam(app);
  AddAudit(app);
  AddCompliance(app);
  AddDu(app);
  AddObjectImport(app);
  AddObjectExport(app);
  AddFsck(app);
  AddStop(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure);
  } catch (const CommandFailed& failure) {
    std::fprintf(stderr, "aloft: %s\n", failure.error.message.c_str());
    if (!failure.error.detail.empty()) std::fprintf(stderr, "  (%s)\n", failure.error.detail.c_str());
    return failure.status;
  }
  return 0;
}
