// What every backend must do. Each backend's own test says how one is made (backend_contract.h).
#include "platform/compute/backend_contract.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <fstream>

#include "foundation/os/cgroup.h"
#include "foundation/os/process.h"
#include "platform/compute/errors.h"
#include "platform/compute/task_files.h"

namespace aloft::compute {
namespace {

// Success and failure of the code are told apart, with its exit code and its output.
TEST_P(BackendContract, ReportsHowTheCodeEnded) {
  TaskSpec good = harness_->Shell("good", "echo out; echo err >&2");
  TaskSpec bad = harness_->Shell("bad", "echo trying; exit 7");
  TaskSpec shot = harness_->Shell("shot", "kill -SEGV $$");
  for (const TaskSpec& spec : {good, bad, shot}) ASSERT_TRUE(backend().Start(spec).ok());
  TaskStatus status = harness_->WaitForEnd(good.id);
  EXPECT_EQ(status.outcome, Outcome::kSucceeded);
  EXPECT_EQ(status.failure, "");
  EXPECT_THAT(harness_->Log(good.id), testing::HasSubstr("out\nerr\n"));
  status = harness_->WaitForEnd(bad.id);
  EXPECT_EQ(status.outcome, Outcome::kFailed);
  EXPECT_EQ(status.exit_code, 7);
  EXPECT_THAT(status.failure, testing::HasSubstr("exit code 7"));
  status = harness_->WaitForEnd(shot.id);
  EXPECT_EQ(status.outcome, Outcome::kFailed);
  EXPECT_EQ(status.signal, SIGSEGV);
}

// Callers repeat their wishes: nothing may happen twice.
TEST_P(BackendContract, WishesMayBeRepeated) {
  harness_->PutObject("count", "");
  TaskSpec spec = harness_->Shell("once", "echo ran");
  ASSERT_TRUE(backend().Start(spec).ok());
  ASSERT_TRUE(backend().Start(spec).ok());
  harness_->WaitForEnd(spec.id);
  ASSERT_TRUE(backend().Start(spec).ok());
  EXPECT_EQ(backend().Observe(spec.id)->phase, Phase::kEnded);
  EXPECT_TRUE(backend().Stop(spec.id).ok());
  EXPECT_EQ(backend().Observe(spec.id)->outcome, Outcome::kSucceeded) << "a stop after the end changes nothing";
  std::string log = harness_->Log(spec.id);
  EXPECT_EQ(log.find("ran"), log.rfind("ran"));
  EXPECT_TRUE(backend().Remove(spec.id).ok());
  EXPECT_TRUE(backend().Remove(spec.id).ok());
}

// What is not there is said so, by every method but Remove.
TEST_P(BackendContract, UnknownTasksAreUnknown) {
  TaskId id("nobody");
  EXPECT_EQ(backend().Observe(id).error().reason, kNoSuchTask);
  EXPECT_EQ(backend().Stop(id).error().reason, kNoSuchTask);
  EXPECT_EQ(backend().ReadLog(id, 0, 100).error().reason, kNoSuchTask);
  EXPECT_TRUE(backend().Remove(id).ok());
}

// A log is read in pieces, by offset, without a gap and without a repetition.
TEST_P(BackendContract, LogIsReadByOffset) {
  TaskSpec spec = harness_->Shell("lines", "for i in {1..5000}; do echo line $i; done");
  ASSERT_TRUE(backend().Start(spec).ok());
  TaskStatus status = harness_->WaitForEnd(spec.id);
  EXPECT_TRUE(status.log_complete);
  int expected = 1;
  std::uint64_t offset = 0;
  for (;;) {
    auto chunk = backend().ReadLog(spec.id, offset, 1000);
    ASSERT_TRUE(chunk.ok());
    if (chunk->lines.empty()) break;
    for (const LogLine& line : chunk->lines)
      if (line.text.starts_with("line ")) {
        ASSERT_EQ(line.text, "line " + std::to_string(expected++));
      }
    offset = chunk->next_offset;
  }
  EXPECT_EQ(expected, 5001);
  EXPECT_EQ(offset, status.log_bytes);
}

// A stop is polite first, and the results are kept.
TEST_P(BackendContract, StopKeepsResults) {
  TaskSpec spec =
      harness_->Shell("stopped", "trap 'echo saved > /opt/ml/model/m; exit 0' TERM; echo up; sleep 1000 & wait");
  spec.outputs = {{"/opt/ml/model", "s3://data/stopped.tar.gz", true, true, false}};
  ASSERT_TRUE(backend().Start(spec).ok());
  harness_->WaitForLog(spec.id, "up");
  ASSERT_TRUE(backend().Stop(spec.id).ok());
  EXPECT_EQ(harness_->WaitForEnd(spec.id).outcome, Outcome::kStopped);
  EXPECT_TRUE(std::filesystem::exists(harness_->ObjectPath("stopped.tar.gz")));
}

// So is the end of the time limit.
TEST_P(BackendContract, TimeLimitEnds) {
  TaskSpec spec = harness_->Shell("slow", "sleep 1000");
  spec.max_runtime = std::chrono::seconds(1);
  spec.stop_grace = std::chrono::seconds(1);
  ASSERT_TRUE(backend().Start(spec).ok());
  TaskStatus status = harness_->WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kMaxRuntime);
  EXPECT_THAT(status.failure, testing::HasSubstr("1 seconds"));
}

// The server's death is not the task's: it is found again, with what it said meanwhile, and obeys.
TEST_P(BackendContract, TasksOutliveTheServer) {
  TaskSpec spec = harness_->Shell("survivor",
                                  "trap 'echo bye; exit 0' TERM; echo up; sleep 0.2 & wait; echo meanwhile; "
                                  "sleep 1000 & wait");
  ASSERT_TRUE(backend().Start(spec).ok());
  harness_->WaitForLog(spec.id, "up");
  harness_->Close();
  EXPECT_EQ(backend().Observe(spec.id)->phase, Phase::kRunning);
  ASSERT_TRUE(backend().Start(spec).ok()) << "starting again is nothing new";
  harness_->WaitForLog(spec.id, "meanwhile");
  ASSERT_TRUE(backend().Stop(spec.id).ok());
  EXPECT_EQ(harness_->WaitForEnd(spec.id).outcome, Outcome::kStopped);
  std::string log = harness_->Log(spec.id);
  EXPECT_THAT(log, testing::HasSubstr("bye"));
  EXPECT_EQ(log.find("up\n"), log.rfind("up\n")) << "it ran once";
}

// An agent that is killed takes its task with it, and the server says so.
TEST_P(BackendContract, KilledAgentIsALostTask) {
  TaskSpec spec = harness_->Shell("lost", "echo up; sleep 1000");
  ASSERT_TRUE(backend().Start(spec).ok());
  harness_->WaitForLog(spec.id, "up");
  auto agent = os::OpenProcess(harness_->AgentOf(spec.id));
  ASSERT_TRUE(agent.has_value());
  ASSERT_TRUE(os::SignalProcess(*agent, SIGKILL).ok());
  EXPECT_EQ(harness_->WaitForEnd(spec.id).outcome, Outcome::kLost);
  EXPECT_THAT(harness_->Log(spec.id), testing::HasSubstr("up"));
  for (const char* name : {"ml", "tmp", "root", "layer", kCredentialsFile})
    EXPECT_FALSE(std::filesystem::exists(harness_->directory() + "/tasks/lost/" + name)) << name;
}

std::string EveryFileOf(const std::string& directory) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    all.append((std::istreambuf_iterator<char>(file)), {});
  }
  return all;
}

// Secrets at rest are sealed: the code has its role's credentials, and new ones after the server came back, and no file
// of the task has ever held one.
TEST_P(BackendContract, CredentialsReachTheCodeAndNoFile) {
  harness_->options().api_url = "http://127.0.0.1:9";
  std::atomic<int> issued = 0;
  harness_->options().issue_credentials = [&](const TaskId&, const std::string&) -> Result<Credentials> {
    std::string number = std::to_string(++issued);
    return Credentials{"AKID", "secret-of-mine-" + number, "token-of-mine-" + number,
                       harness_->clock().Now() + std::chrono::hours(1)};
  };
  TaskSpec spec = harness_->Shell(
      "given",
      "last=; while :; do exec 3<>/dev/tcp/127.0.0.1/51780; printf 'GET / HTTP/1.1\r\nAuthorization: %s\r\n\r\n' "
      "\"$AWS_CONTAINER_AUTHORIZATION_TOKEN\" >&3; read -d '' -r answer <&3; exec 3<&-; "
      "[[ $answer =~ secret-of-mi''ne-([0-9]+) && ${BASH_REMATCH[1]} != \"$last\" ]] && "
      "last=${BASH_REMATCH[1]} && echo \"given $last\"; sleep 0.05; done");
  spec.role_arn = "arn:aws:iam::123456789012:role/r";
  ASSERT_TRUE(backend().Start(spec).ok());
  harness_->WaitForLog(spec.id, "given 1");
  EXPECT_THAT(EveryFileOf(harness_->directory() + "/tasks"), testing::Not(testing::HasSubstr("of-mine-")));
  harness_->Close();
  EXPECT_EQ(backend().Observe(spec.id)->phase, Phase::kRunning);
  harness_->WaitForLog(spec.id, "given 2");
  EXPECT_THAT(EveryFileOf(harness_->directory() + "/tasks"), testing::Not(testing::HasSubstr("of-mine-")));
}

// A role that may not be used is known before anything runs.
TEST_P(BackendContract, RefusedCredentialsEndTheTask) {
  harness_->options().issue_credentials = [](const TaskId&, const std::string&) -> Result<Credentials> {
    return Fail(Reason{ErrorKind::kDenied, "Denied"}, "the role does not trust the service");
  };
  TaskSpec spec = harness_->Shell("refused", "echo ran");
  spec.role_arn = "arn:aws:iam::123456789012:role/r";
  ASSERT_TRUE(backend().Start(spec).ok());
  TaskStatus status = harness_->WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kCannotRun);
  EXPECT_THAT(status.failure, testing::HasSubstr("does not trust"));
  EXPECT_EQ(harness_->Log(spec.id), "");
}

// Removing ends what runs, at once, and forgets it.
TEST_P(BackendContract, RemoveEndsAndForgets) {
  TaskSpec spec = harness_->Shell("removed", "trap '' TERM; echo up; sleep 1000");
  ASSERT_TRUE(backend().Start(spec).ok());
  harness_->WaitForLog(spec.id, "up");
  ASSERT_TRUE(backend().Remove(spec.id).ok());
  EXPECT_EQ(backend().Observe(spec.id).error().reason, kNoSuchTask);
  EXPECT_FALSE(std::filesystem::exists(harness_->directory() + "/tasks/removed"));
}

// Memory is a hard limit, and the reason is the true one.
TEST_P(BackendContract, MemoryEaterEndsOutOfMemory) {
  if (auto support = os::DetectCgroups()->support(); !support.memory) GTEST_SKIP() << support.why;
  TaskSpec spec = harness_->Shell("eater", "x=; while :; do x=$x${x:-aaaaaaaaaaaaaaaa}; done");
  spec.limits.memory_bytes = 64u << 20;
  ASSERT_TRUE(backend().Start(spec).ok());
  EXPECT_EQ(harness_->WaitForEnd(spec.id).outcome, Outcome::kOutOfMemory);
}

// The disk limit counts what the code writes wherever it may.
TEST_P(BackendContract, DiskFillerEndsDiskFull) {
  TaskSpec spec =
      harness_->Shell("filler", "x=$(printf '%1048576s'); i=0; while :; do i=$((i+1)); echo \"$x\" > /tmp/$i; done");
  spec.limits.disk_bytes = 32u << 20;
  ASSERT_TRUE(backend().Start(spec).ok());
  EXPECT_EQ(harness_->WaitForEnd(spec.id).outcome, Outcome::kDiskFull);
}

// Isolated code reaches nothing: no interface but loopback, and no server of this machine there.
TEST_P(BackendContract, NetworkIsIsolated) {
  TaskSpec spec = harness_->Shell("isolated", "while read -r line; do echo \"if $line\"; done < /proc/net/dev");
  spec.network = Network::kNone;
  ASSERT_TRUE(backend().Start(spec).ok());
  EXPECT_EQ(harness_->WaitForEnd(spec.id).outcome, Outcome::kSucceeded);
  std::string log = harness_->Log(spec.id);
  EXPECT_THAT(log, testing::HasSubstr("if lo:"));
  EXPECT_THAT(log, testing::Not(testing::ContainsRegex("if (eth|en|veth|docker|cni|br)")));
}

// Specs that make no sense are refused before anything is kept of them.
TEST_P(BackendContract, BadSpecsAreRefused) {
  TaskSpec nothing = harness_->Shell("nothing", "");
  nothing.command.clear();
  nothing.image.clear();
  EXPECT_EQ(backend().Start(nothing).error().reason, kBadTaskSpec);
  TaskSpec nowhere = harness_->Shell("nowhere", "true");
  nowhere.environment = "no-such-environment";
  EXPECT_EQ(backend().Start(nowhere).error().reason, kBadTaskSpec);
  TaskSpec climbing = harness_->Shell("../climbing", "true");
  EXPECT_EQ(backend().Start(climbing).error().reason, kBadTaskSpec);
  EXPECT_TRUE(backend().List()->empty());
}

// A command that cannot be started is a failure with its name, not a task that hangs.
TEST_P(BackendContract, MissingCommandIsSaid) {
  TaskSpec spec = harness_->Shell("missing", "");
  spec.command = {"/no/such/program"};
  ASSERT_TRUE(backend().Start(spec).ok());
  TaskStatus status = harness_->WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kCannotRun);
  EXPECT_THAT(status.failure, testing::HasSubstr("/no/such/program"));
}

// Python code runs in the environment that was asked for, whose true versions are told.
TEST_P(BackendContract, PythonRunsInItsEnvironment) {
  TaskSpec spec = harness_->Shell("python", "");
  spec.image.clear();
  spec.environment = "python";
  spec.command = {"python", "-c", "import sys; print(sys.prefix)"};
  ASSERT_TRUE(backend().Start(spec).ok());
  TaskStatus status = harness_->WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kSucceeded) << status.failure;
  ASSERT_FALSE(status.versions.empty());
  EXPECT_THAT(harness_->Log(spec.id), testing::HasSubstr("Runtime python: " + status.versions[0]));
}

}  // namespace
}  // namespace aloft::compute
