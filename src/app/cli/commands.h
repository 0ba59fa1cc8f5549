// The commands of `aloft`. Each adds itself to the parser and, when chosen, runs in its callback; a failure is thrown
// as CommandFailed, which main prints.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "foundation/base/result.h"

namespace aloft::app {

// How a command ends badly: its error, for people. Only commands throw, and only main catches.
struct CommandFailed {
  Error error;
  int status = 1;  // of the process
};

template <class T>
T OrFail(Result<T> result) {
  if (!result.ok()) throw CommandFailed{std::move(result).error()};
  return std::move(result).value();
}
inline void OrFail(Status status) {
  if (!status.ok()) throw CommandFailed{std::move(status).error()};
}

void AddUp(CLI::App& app);
void AddConfigure(CLI::App& app);
void AddStatus(CLI::App& app);
void AddStop(CLI::App& app);
void AddJobs(CLI::App& app);
void AddJobOperations(CLI::App& jobs);
void AddQueue(CLI::App& app);
void AddEndpoints(CLI::App& app);
void AddQuota(CLI::App& app);
void AddLogs(CLI::App& app);
void AddToken(CLI::App& app);
void AddLogin(CLI::App& app);
void AddDoctor(CLI::App& app);
void AddImages(CLI::App& app);
void AddKeys(CLI::App& app);
void AddOperations(CLI::App& app);
void AddIam(CLI::App& app);
void AddAudit(CLI::App& app);
void AddCompliance(CLI::App& app);
void AddFsck(CLI::App& app);
void AddDu(CLI::App& app);
void AddObjectImport(CLI::App& app);
void AddObjectExport(CLI::App& app);

// Adds --profile (default "aloft", or $ALOFT_PROFILE) and --data (default DefaultDataDirectory()) to a command.
void AddProfileOption(CLI::App& command, std::string& profile);
void AddDataOption(CLI::App& command, std::string& data_directory);

}  // namespace aloft::app
