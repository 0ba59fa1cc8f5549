// aloft: the server and its command line.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/commands.h"
#include "app/config.h"
#include "app/version.h"
#include "foundation/base/error.h"

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

namespace {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j)
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])}));
  }
  return row.back();
}

// The library would only say that a command is required: names the word that is none, and what may have been meant.
void RefuseUnknownCommand(CLI::App& app, int argc, char** argv) {
  CLI::App* at = &app;
  std::string spoken = "aloft";
  for (int i = 1; i < argc && *argv[i] != '-'; ++i) {
    const auto known = at->get_subcommands([](CLI::App*) { return true; });
    if (known.empty()) return;  // the rest are its arguments
    const auto next =
        std::find_if(known.begin(), known.end(), [&](const CLI::App* command) { return command->check_name(argv[i]); });
    if (next == known.end()) {
      const CLI::App* nearest =
          *std::min_element(known.begin(), known.end(), [&](const CLI::App* a, const CLI::App* b) {
            return EditDistance(argv[i], a->get_name()) < EditDistance(argv[i], b->get_name());
          });
      const bool near = EditDistance(argv[i], nearest->get_name()) <= 2;
      throw CommandFailed{Fail(kInvalidArgument, "'" + std::string(argv[i]) + "' is no command of `" + spoken + "`" +
                                                     (near ? "; did you mean '" + nearest->get_name() + "'?" : "") +
                                                     "\n`" + spoken + " --help` lists them.")};
    }
    at = *next;
    spoken.append(" ").append(argv[i]);
  }
}

}  // namespace

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
  AddEndpoints(app);
  AddQuota(app);
  AddLogs(app);
  AddToken(app);
  AddLogin(app);
  AddDoctor(app);
  AddImages(app);
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
    RefuseUnknownCommand(app, argc, argv);
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
