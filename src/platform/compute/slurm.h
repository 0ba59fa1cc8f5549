// Agents as jobs of Slurm, found again by a name that says whose they are. Through sbatch, squeue and scancel, whose
// configuration ($SLURM_CONF, /etc/slurm) says which cluster.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "platform/compute/agent_host.h"

namespace aloft::compute {

struct SlurmOptions {
  std::string agent_path{};              // on the nodes as here
  std::string tasks_directory{};         // of the backend: two installations on one cluster have other names
  std::string partition{};               // empty: the cluster's default
  std::vector<std::string> arguments{};  // further ones of sbatch: "--account=ml"
  std::string programs = "/usr/bin";     // where Slurm's commands are
  // A controller that did not answer is not asked again for so long: each question can take its clients'
  // MessageTimeout, and there may be hundreds of tasks to ask about.
  std::chrono::milliseconds pause{5'000};
};

std::unique_ptr<AgentHost> MakeSlurmHost(SlurmOptions options);

// Why Slurm cannot be used from here; empty where it can. Asks the controller.
std::string SlurmGap(const std::string& programs = "/usr/bin");

}  // namespace aloft::compute
