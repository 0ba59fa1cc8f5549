#include "platform/compute/process_backend.h"

#include <gmock/gmock.h>
#include <signal.h>

#include "foundation/crypto/client_certificate.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/cgroup.h"
#include "foundation/os/process.h"
#include "platform/compute/backend_contract.h"
#include "platform/compute/errors.h"
#include "platform/compute/journal.h"
#include "platform/compute/task_files.h"
#include "platform/compute/test_support.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

os::ProcessIdentity AgentOf(const TaskHarness& harness, const TaskId& id) {
  std::ifstream file(harness.directory() + "/tasks/" + id.value() + "/" + kJournalFile);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return FoldJournal(text, Time{}).agent;
}

INSTANTIATE_TEST_SUITE_P(Process, BackendContract, testing::Values([] { return std::make_unique<TaskHarness>(); }));

// Nothing of a task may stay but its record: no control group, no directory it wrote into, no process.
void ExpectNothingLeft(const TaskHarness& harness, const TaskId& id) {
  for (const char* name : {"ml", "tmp", "root", kCredentialsFile})
    EXPECT_FALSE(fs::exists(harness.directory() + "/tasks/" + id.value() + "/" + name)) << name;
  EXPECT_TRUE(fs::is_empty(harness.directory() + "/run"));
  // Others of this machine may have tasks of the same name.
  const std::string mine = crypto::Sha256Hex(harness.directory() + "/tasks").substr(0, 8) + "-" + id.value();
  std::error_code error;
  for (const char* controller : {"/memory", "/pids", "/cpu", ""})
    for (const auto& group : fs::directory_iterator(std::string("/sys/fs/cgroup") + controller + "/aloft", error))
      EXPECT_NE(group.path().filename().string(), mine) << group.path();
}

// The plain case, with everything a caller sees of it.
TEST(ProcessBackendTest, RunsATask) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("plain", "echo hello $NAME; echo error >&2; printf unfinished");
  spec.variables["NAME"] = "world";
  spec.banner = {"a line of the platform"};
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kSucceeded) << status.failure;
  EXPECT_EQ(status.exit_code, 0);
  EXPECT_TRUE(status.log_complete);
  EXPECT_THAT(harness.Log(spec.id), HasSubstr("a line of the platform\n"));
  EXPECT_THAT(harness.Log(spec.id), HasSubstr("hello world\nerror\nunfinished\n"));
  EXPECT_EQ(status.transitions.front().phase, Phase::kPending);
  EXPECT_TRUE(status.command_started && status.command_ended);
  ExpectNothingLeft(harness, spec.id);
}

// The main promise: the server's death in the middle loses no log line and no result.
TEST(ProcessBackendTest, TaskOutlivesTheBackend) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("survivor",
                                "echo one; while [ ! -e /run/aloft/go ]; do read -t 0.05 < <(:); done; "
                                "echo two; exit 3");
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  harness.WaitForLog(spec.id, "one");
  std::string socket = harness.backend().Observe(spec.id)->socket_path;
  auto before = harness.backend().ReadLog(spec.id, 0, 1000);
  ASSERT_TRUE(before.ok());
  harness.Close();

  std::ofstream(fs::path(socket).parent_path() / "go") << "";
  auto agent = os::OpenProcess(AgentOf(harness, spec.id));
  EXPECT_TRUE(!agent || os::WaitForEnd(*agent, std::chrono::seconds(30)));

  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kFailed);
  EXPECT_EQ(status.exit_code, 3);
  auto after = harness.backend().ReadLog(spec.id, before->next_offset, 1000);
  ASSERT_TRUE(after.ok());
  ASSERT_GE(after->lines.size(), 1u);
  EXPECT_EQ(after->lines[0].text, "two");
}

// An agent that is killed takes its task with it, and the server says so.
TEST(ProcessBackendTest, KilledAgentIsALostTask) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("lost", "echo up; sleep 1000");
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  harness.WaitForLog(spec.id, "up");
  auto agent = os::OpenProcess(AgentOf(harness, spec.id));
  ASSERT_TRUE(agent.has_value());
  ASSERT_TRUE(os::SignalProcess(*agent, SIGKILL).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kLost);
  EXPECT_THAT(status.failure, HasSubstr("agent died"));
  EXPECT_THAT(harness.Log(spec.id), HasSubstr("up"));
  ExpectNothingLeft(harness, spec.id);
}

// The same when the server is away at that moment.
TEST(ProcessBackendTest, LostTaskIsFoundAfterARestart) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("lost-too", "echo up; sleep 1000");
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  harness.WaitForLog(spec.id, "up");
  harness.Close();
  auto agent = os::OpenProcess(AgentOf(harness, spec.id));
  ASSERT_TRUE(agent.has_value());
  ASSERT_TRUE(os::SignalProcess(*agent, SIGKILL).ok());
  ASSERT_TRUE(os::WaitForEnd(*agent, std::chrono::seconds(10)));
  EXPECT_EQ(harness.WaitForEnd(spec.id).outcome, Outcome::kLost);
  ExpectNothingLeft(harness, spec.id);
}

// A server that dies between accepting a task and starting it must start it later.
TEST(ProcessBackendTest, AcceptedTaskIsStartedAfterARestart) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("accepted", "echo ran");
  fs::create_directories(harness.directory() + "/tasks/accepted");
  std::ofstream(harness.directory() + "/tasks/accepted/" + kSpecFile) << EncodeSpec(spec, harness.clock().Now());
  fs::create_directories(harness.directory() + "/tasks/half-made");
  EXPECT_EQ(harness.WaitForEnd(spec.id).outcome, Outcome::kSucceeded);
  EXPECT_FALSE(fs::exists(harness.directory() + "/tasks/half-made"));
}

// Memory is a hard limit, and the reason must be the true one.
TEST(ProcessBackendTest, MemoryEaterEndsOutOfMemory) {
  if (auto support = os::DetectCgroups()->support(); !support.memory) GTEST_SKIP() << support.why;
  TaskHarness harness;
  TaskSpec spec = harness.Shell("eater", "x=$(head -c 1000000000 /dev/zero | tr '\\0' a); echo ${#x}");
  spec.limits.memory_bytes = 64u << 20;
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kOutOfMemory) << status.failure;
  EXPECT_THAT(status.failure, HasSubstr("memory"));
  EXPECT_GT(status.usage.peak_memory_bytes, 0u);
  ExpectNothingLeft(harness, spec.id);
}

// So is the disk: one large file, many small ones, and one that has no name any more.
TEST(ProcessBackendTest, DiskFillersEndDiskFull) {
  TaskHarness harness;
  for (auto [name, script] :
       {std::pair("one-file", "head -c 10000000000 /dev/zero > /opt/ml/model/big"),
        std::pair("many-files", "for i in {1..100000}; do head -c 1000000 /dev/zero > /tmp/$i; done"),
        std::pair("no-name",
                  "exec 3>/tmp/x 4>/tmp/y; rm /tmp/x /tmp/y; head -c 40000000 /dev/zero >&3; head -c 40000000 "
                  "/dev/zero >&4; sleep 1000")}) {
    TaskSpec spec = harness.Shell(name, script);
    ASSERT_TRUE(harness.backend().Start(spec).ok());
    TaskStatus status = harness.WaitForEnd(spec.id);
    EXPECT_EQ(status.outcome, Outcome::kDiskFull) << name << ": " << status.failure;
    EXPECT_THAT(status.failure, HasSubstr("volume"));
    ExpectNothingLeft(harness, spec.id);
  }
}

// A fork bomb stays in its limit, ends, and the machine does not notice.
TEST(ProcessBackendTest, ForkBombEnds) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("bomb", "bomb() { bomb | bomb & }; bomb; sleep 1000");
  spec.max_runtime = std::chrono::seconds(1);
  spec.stop_grace = std::chrono::seconds(0);
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kMaxRuntime) << status.failure;
  ExpectNothingLeft(harness, spec.id);

  // One that ends by itself names the limit it met.
  if (auto support = os::DetectCgroups()->support(); !support.processes) GTEST_SKIP() << support.why;
  TaskSpec forks = harness.Shell("forks", "");
  forks.command = {"/usr/bin/python3", "-c", "import os, time\nfor _ in range(200):\n  os.fork() or time.sleep(1000)"};
  ASSERT_TRUE(harness.backend().Start(forks).ok());
  status = harness.WaitForEnd(forks.id);
  EXPECT_EQ(status.outcome, Outcome::kFailed);
  EXPECT_THAT(status.failure, HasSubstr("processes"));
}

// SIGTERM first; who ignores it is ended when the grace is over.
TEST(ProcessBackendTest, IgnoredStopEndsAfterTheGrace) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("stubborn", "trap 'echo no' TERM; echo up; while :; do sleep 0.05; done");
  spec.stop_grace = std::chrono::seconds(1);
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  harness.WaitForLog(spec.id, "up");
  ASSERT_TRUE(harness.backend().Stop(spec.id).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kStopped);
  EXPECT_THAT(harness.Log(spec.id), HasSubstr("no"));
  ExpectNothingLeft(harness, spec.id);
}

// What does not fit now waits and says for what; what ends makes room; what can never fit is refused.
TEST(ProcessBackendTest, TasksWaitForRoom) {
  TaskHarness harness;
  TaskSpec large = harness.Shell("large", "echo up; sleep 1000");
  large.limits.memory_bytes = 3ull << 30;
  TaskSpec next = harness.Shell("next", "echo ran");
  next.limits.memory_bytes = 2ull << 30;
  ASSERT_TRUE(harness.backend().Start(large).ok());
  ASSERT_TRUE(harness.backend().Start(next).ok());
  TaskStatus waiting = *harness.backend().Observe(next.id);
  EXPECT_EQ(waiting.phase, Phase::kPending);
  EXPECT_THAT(waiting.message, HasSubstr("needs 2.0 GiB of memory"));
  ASSERT_TRUE(harness.backend().Remove(large.id).ok());
  EXPECT_EQ(harness.WaitForEnd(next.id).outcome, Outcome::kSucceeded);

  TaskSpec huge = harness.Shell("huge", "true");
  huge.limits.memory_bytes = 100ull << 30;
  auto refused = harness.backend().Start(huge);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, kResourceLimitExceeded);
  EXPECT_FALSE(harness.backend().Observe(huge.id).ok());
}

// In a machine of room for one: a task of a pool that keeps its room for an hour.
TaskSpec Keeping(TaskHarness& harness, const std::string& script) {
  harness.options().capacity.memory_bytes = 600u << 20;
  TaskSpec first = harness.Shell("first", script);
  first.limits.memory_bytes = 400u << 20;
  first.pool = "p";
  first.keep_room = std::chrono::hours(1);
  return first;
}

// A task's kept room is nobody else's after its end, also for the next server, until one of its pool starts in it; that
// one's own end gives it back.
TEST(ProcessBackendTest, KeptRoomGoesToItsPool) {
  TaskHarness harness;
  const TaskSpec first = Keeping(harness, "true");
  TaskSpec other = first, second = first;
  other.id = TaskId("other");
  other.pool.clear();
  other.keep_room = {};
  second.id = TaskId("second");
  second.keep_room = {};
  ASSERT_TRUE(harness.backend().Start(first).ok());
  harness.WaitForEnd(first.id);
  ASSERT_TRUE(harness.backend().Start(other).ok());
  EXPECT_THAT(harness.backend().Observe(other.id)->message, testing::HasSubstr("warm pools keep 0.4 GiB"));
  harness.Close();
  EXPECT_EQ(harness.backend().Observe(other.id)->phase, Phase::kPending) << "the next server keeps it, too";
  ASSERT_TRUE(harness.backend().Start(second).ok());
  EXPECT_EQ(harness.WaitForEnd(second.id).room_of, "first");
  EXPECT_EQ(harness.WaitForEnd(other.id).outcome, Outcome::kSucceeded) << "the room is free";
  harness.Close();
  EXPECT_EQ(harness.backend().Observe(second.id)->room_of, "first");
}

// Removing the task gives its room back.
TEST(ProcessBackendTest, KeptRoomEndsWithItsTask) {
  TaskHarness harness;
  const TaskSpec first = Keeping(harness, "exit 3");
  TaskSpec other = first;
  other.id = TaskId("other");
  other.pool = "q";
  ASSERT_TRUE(harness.backend().Start(first).ok());
  ASSERT_TRUE(harness.backend().Start(other).ok());
  harness.WaitForEnd(first.id);
  EXPECT_EQ(harness.backend().Observe(other.id)->phase, Phase::kPending);
  ASSERT_TRUE(harness.backend().Remove(first.id).ok());
  harness.WaitForEnd(other.id);
}

// Staging: objects arrive under their names, an archive is unpacked, results are stored, the failure text is the
// code's.
TEST(ProcessBackendTest, StagesInputsAndOutputs) {
  TaskHarness harness;
  harness.PutObject("in/a.csv", "1,2\n");
  harness.PutObject("in/deep/b.csv", "3,4\n");
  for (int i = 0; i < 100; ++i) harness.PutObject("in/many/" + std::to_string(i), "x");
  TaskSpec spec = harness.Shell("staged",
                                "cd /opt/ml; ls input/data/train/many | wc -l; cat input/data/train/a.csv "
                                "input/data/train/deep/b.csv > model/sum; cat "
                                "input/config/x.json; echo why > output/failure; exit 1");
  spec.inputs = {{.channel = "train", .s3_uri = "s3://data/in/", .path = "/opt/ml/input/data/train"}};
  spec.outputs = {{.path = "/opt/ml/model", .s3_uri = "s3://data/out/model.tar.gz", .even_if_failed = true},
                  {.path = "/opt/ml/output/data",
                   .s3_uri = "s3://data/out/output.tar.gz",
                   .even_if_empty = false,
                   .even_if_failed = true}};
  spec.files = {{"/opt/ml/input/config/x.json", "{\"x\": 1}\n"}};
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kFailed);
  EXPECT_EQ(status.failure, "why");
  EXPECT_TRUE(status.failure_is_users);
  EXPECT_THAT(harness.Log(spec.id), HasSubstr("{\"x\": 1}"));
  EXPECT_THAT(harness.Log(spec.id), HasSubstr("\n100\n"));
  ASSERT_TRUE(fs::exists(harness.ObjectPath("out/model.tar.gz")));
  EXPECT_FALSE(fs::exists(harness.ObjectPath("out/output.tar.gz")));
  std::vector<Phase> phases;
  for (const auto& transition : status.transitions) phases.push_back(transition.phase);
  EXPECT_EQ(phases,
            (std::vector<Phase>{Phase::kPending, Phase::kStaging, Phase::kRunning, Phase::kUploading, Phase::kEnded}));
}

// Bad input is the caller's to mend, and the code does not run.
TEST(ProcessBackendTest, BadInputsAreRefused) {
  TaskHarness harness;
  harness.PutObject("code.tar.gz", "no archive at all");
  TaskSpec spec = harness.Shell("bad-archive", "echo must not run");
  spec.inputs = {
      {.channel = "code", .s3_uri = "s3://data/code.tar.gz", .kind = Input::Kind::kArchive, .path = "/opt/ml/code"}};
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kInputRefused);
  EXPECT_THAT(status.failure, HasSubstr("code.tar.gz"));
  EXPECT_EQ(harness.Log(spec.id).find("must not run"), std::string::npos);

  TaskSpec absent = harness.Shell("absent", "true");
  absent.inputs = {{.channel = "train", .s3_uri = "s3://data/nowhere/", .path = "/opt/ml/input/data/train"}};
  ASSERT_TRUE(harness.backend().Start(absent).ok());
  EXPECT_THAT(harness.WaitForEnd(absent.id).failure, HasSubstr("no objects found under s3://data/nowhere/"));
}

// What the code leaves behind may be hostile: links must not carry host files out.
TEST(ProcessBackendTest, LinksInOutputsCarryNothingOut) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("links",
                                "cd /opt/ml; ln -s /etc/hostname model/link; rm -rf output; ln -s /etc output; "
                                "exit 1");
  spec.outputs = {{.path = "/opt/ml/model", .s3_uri = "s3://data/model/", .archive = false, .even_if_failed = true},
                  {.path = "/opt/ml/output/data", .s3_uri = "s3://data/o.tar.gz", .even_if_failed = true}};
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kFailed);
  EXPECT_FALSE(fs::exists(harness.ObjectPath("model/link")));
  EXPECT_FALSE(fs::exists(harness.ObjectPath("o.tar.gz")));
}

// Removing ends what runs, and forgets it.
TEST(ProcessBackendTest, RemoveEndsAndForgets) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("removed", "trap '' TERM; echo up; sleep 1000");
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  harness.WaitForLog(spec.id, "up");
  ASSERT_TRUE(harness.backend().Remove(spec.id).ok());
  EXPECT_EQ(harness.backend().Observe(spec.id).error().reason, kNoSuchTask);
  EXPECT_TRUE(fs::is_empty(harness.directory() + "/tasks"));
  EXPECT_TRUE(harness.backend().Remove(spec.id).ok()) << "removing what is not there succeeds";
  ExpectNothingLeft(harness, spec.id);
}

// A data directory that is deleted takes its tasks with it: they would run for ever, and nobody could ask for them.
TEST(ProcessBackendTest, TasksEndWithTheirDirectory) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("orphan", "trap '' TERM; echo up; sleep 1000");
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  harness.WaitForLog(spec.id, "up");
  auto agent = os::OpenProcess(AgentOf(harness, spec.id));
  ASSERT_TRUE(agent.has_value());
  harness.Close();
  fs::remove_all(harness.directory() + "/tasks");
  EXPECT_TRUE(os::WaitForEnd(*agent, std::chrono::seconds(30)));
  ExpectNothingLeft(harness, spec.id);
}

// The code gets the role's credentials from its own loopback, by its own token, and from nowhere else.
TEST(ProcessBackendTest, CodeGetsItsRolesCredentials) {
  TaskHarness harness;
  harness.options().api_url = "http://127.0.0.1:9";
  harness.options().issue_credentials = [&](const TaskId& id, const std::string& role) {
    return Credentials{"AKID", "secret-of-" + id.value(), "token-of-" + role,
                       harness.clock().Now() + std::chrono::hours(1)};
  };
  const char* script =
      "ask() { exec 3<>/dev/tcp/127.0.0.1/51780; printf 'GET /credentials HTTP/1.1\\r\\nAuthorization: %s\\r\\n\\r\\n' "
      "\"$1\""
      " >&3; cat <&3; echo; }; ask $AWS_CONTAINER_AUTHORIZATION_TOKEN; ask wrong; echo $AWS_ENDPOINT_URL";
  TaskSpec spec = harness.Shell("credentials", script);
  spec.role_arn = "arn:aws:iam::123456789012:role/r";
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  EXPECT_EQ(harness.WaitForEnd(spec.id).outcome, Outcome::kSucceeded);
  std::string log = harness.Log(spec.id);
  EXPECT_THAT(log, HasSubstr("\"SecretAccessKey\":\"secret-of-credentials\""));
  EXPECT_THAT(log, HasSubstr("401 Unauthorized"));
  EXPECT_THAT(log, HasSubstr("http://127.0.0.1:9"));

  TaskSpec isolated = harness.Shell("isolated", "(echo > /dev/tcp/127.0.0.1/51780) 2>&1; env | grep -c AWS_CONTAINER");
  isolated.role_arn = spec.role_arn;
  isolated.network = Network::kNone;
  ASSERT_TRUE(harness.backend().Start(isolated).ok());
  harness.WaitForEnd(isolated.id);
  EXPECT_THAT(harness.Log(isolated.id), HasSubstr("Connection refused"));
  EXPECT_THAT(harness.Log(isolated.id), HasSubstr("0\n"));
}

// The agent's own session is bound to the key that it told; its code, which has no key, gets another one.
TEST(ProcessBackendTest, TheAgentsSessionIsBoundAndNeverTheCodes) {
  TaskHarness harness;
  harness.options().api_url = "http://127.0.0.1:9";
  const auto ends = [&] { return harness.clock().Now() + std::chrono::hours(1); };
  harness.options().issue_credentials = [&](const TaskId&, const std::string&) {
    return Credentials{"AKCODE", "secret-of-the-code", "t", ends()};
  };
  const auto authority = crypto::MakeAuthority("test", harness.clock().Now(), std::chrono::hours(2));
  std::atomic<int> bound = 0;
  harness.options().issue_bound_credentials = [&](const TaskId&, const std::string&, const AgentKey& agent) {
    if (authority.ok() && !agent.host.empty() &&
        crypto::MakeClientCertificate(*authority, agent.public_key, {"t", "u"}, harness.clock().Now(), ends()).ok())
      ++bound;
    return BoundCredentials{{"AKAGENT", "secret-of-the-agent", "t", ends()}, "a certificate"};
  };
  TaskSpec spec = harness.Shell("bound",
                                "exec 3<>/dev/tcp/127.0.0.1/51780; printf 'GET / HTTP/1.1\\r\\nAuthorization: "
                                "%s\\r\\n\\r\\n' \"$AWS_CONTAINER_AUTHORIZATION_TOKEN\" >&3; cat <&3; echo");
  spec.role_arn = "arn:aws:iam::123456789012:role/r";
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  EXPECT_EQ(harness.WaitForEnd(spec.id).outcome, Outcome::kSucceeded);
  EXPECT_THAT(harness.Log(spec.id), HasSubstr("secret-of-the-code"));
  EXPECT_EQ(bound, 1);
}

}  // namespace
}  // namespace aloft::compute
