// aloft fsck: whether every object has its bytes, every blob an owner, and every checksum holds. Through the running
// server, or on a data directory whose server is stopped.
#include <atomic>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>

#include "api/admin/check_objects.h"
#include "app/cli/commands.h"
#include "app/cli/objects/place.h"
#include "app/cli/objects/progress.h"
#include "app/cli/remote.h"
#include "app/wiring/stores.h"

namespace aloft::app {
namespace {

struct Options {
  std::string profile;
  std::string data;
  std::string config_file;
  bool quick = false;
  bool repair = false;
};

struct Findings {
  std::atomic<std::uint64_t> entries{0}, blobs{0}, bytes{0}, problems{0}, repaired{0};
};

std::string LineOf(const Findings& found) {
  return std::to_string(found.entries.load()) + " records and " + std::to_string(found.blobs.load()) +
         " blobs looked at, " + HumanBytes(found.bytes.load()) + " verified, " + std::to_string(found.problems.load()) +
         " problems";
}

void Tell(Progress& progress, Findings& found, std::string_view kind, std::string_view what, bool repaired) {
  ++found.problems;
  if (repaired) ++found.repaired;
  progress.Say(std::string(repaired ? "repaired  " : "problem   ") + std::string(kind) + "  " + std::string(what));
}

void CheckOnline(const Options& options, const Clock& clock, Findings& found) {
  auto remote = Connect(options.profile);
  Progress progress(clock, [&] { return LineOf(found); });
  std::string from;
  do {
    auto answer = OrFail(remote->Own(
        "CheckObjects", boost::json::object{{"From", from}, {"Verify", !options.quick}, {"Repair", options.repair}}));
    const auto& object = answer.as_object();
    auto number = [&](const char* name) { return object.at(name).to_number<std::uint64_t>(); };
    found.entries += number("Entries");
    found.blobs += number("Blobs");
    found.bytes += number("Bytes");
    for (const auto& value : object.at("Problems").as_array()) {
      const auto& problem = value.as_object();
      Tell(progress, found, problem.at("Kind").as_string(), problem.at("What").as_string(),
           problem.at("Repaired").as_bool());
    }
    from = std::string(object.at("Next").as_string());
  } while (!from.empty());
}

void CheckOffline(const Options& options, Findings& found) {
  Config config;
  if (!options.config_file.empty()) OrFail(ReadConfigFile(options.config_file, config));
  if (!options.data.empty()) config.data_directory = options.data;
  OrFail(CompleteConfig(config));
  // What is not there is not to be made.
  if (!std::filesystem::exists(config.data_directory + "/VERSION"))
    throw CommandFailed{Fail(kInvalidArgument, config.data_directory + " is no data directory")};
  World world{config, Log::ToStderr(Log::Level::kError, Log::Format::kText)};
  auto stores = OrFail(Stores::Open(world));
  objects::Service objects(stores->kv(), stores->blobs(), world.clock, world.random, world.log, {}, {},
                           &stores->archive());
  Progress progress(world.clock, [&] { return LineOf(found); });
  objects::CheckOptions check;
  check.verify = !options.quick;
  check.repair = options.repair;
  check.min_age = {};  // nobody writes
  check.budget = std::chrono::milliseconds(200);
  do {
    auto report = OrFail(objects.Check(check, [&](const objects::Problem& problem) {
      Tell(progress, found, api::admin::ProblemName(problem.kind), problem.what, problem.repaired);
    }));
    found.entries += report.entries;
    found.blobs += report.blobs;
    found.bytes += report.verified_bytes;
    check.from = std::move(report.next);
  } while (!check.from.empty());
}

void Run(const Options& options) {
  SystemClock clock;
  bool offline = !options.data.empty() || !options.config_file.empty();
  Findings found;
  offline ? CheckOffline(options, found) : CheckOnline(options, clock, found);
  std::uint64_t left = found.problems - found.repaired;
  std::printf("%llu records, %llu blobs: ", static_cast<unsigned long long>(found.entries.load()),
              static_cast<unsigned long long>(found.blobs.load()));
  if (found.problems == 0) {
    std::printf("nothing is wrong.\n");
    return;
  }
  std::printf("%llu problems, %llu repaired.\n", static_cast<unsigned long long>(found.problems.load()),
              static_cast<unsigned long long>(found.repaired.load()));
  if (left == 0) return;
  throw CommandFailed{
      Fail(kCorrupt, options.repair ? "What is left cannot be repaired here: restore those objects from elsewhere."
                                    : "Repair what can be with: aloft fsck --repair"),
      2};
}

}  // namespace

void AddFsck(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("fsck", "Check the object store: bytes, owners, checksums");
  AddProfileOption(*command, options->profile);
  command->add_option("--data", options->data, "Check this data directory itself; its server must be stopped");
  command->add_option("--config", options->config_file,
                      "The server's TOML file, where its settings say where bytes lie");
  command->add_flag("--quick", options->quick, "Do not read the bytes, only look whether they are there");
  command->add_flag("--repair", options->repair, "Mend what can be mended: holds and orphans; lost bytes cannot");
  command->footer(
      "Through the running server it is safe while others write, and needs aloft:CheckObjects (aloft:RepairObjects).\n"
      "Ends with 0 where nothing is wrong or all was repaired, 2 where problems are left, 1 where it could not look.\n"
      "Examples:\n"
      "  aloft fsck\n"
      "  aloft fsck --quick --repair\n"
      "  aloft stop && aloft fsck --data /var/lib/aloft");
  command->callback([options] { Run(*options); });
}

}  // namespace aloft::app
