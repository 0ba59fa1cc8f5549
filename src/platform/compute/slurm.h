// Agents as jobs of Slurm, found again by a name that says whose they are. Through sbatch, squeue and scancel, whose
// configuration ($SLURM_CONF, /etc/slurm) says which cluster.
#pragma once

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
};

std::unique_ptr<AgentHost> MakeSlurmHost(SlurmOptions options);

// Why Slurm cannot be used from here; empty where it can. Asks the controller.
std::string SlurmGap(const std::string& programs = "/usr/bin");

}  // namespace aloft::compute
