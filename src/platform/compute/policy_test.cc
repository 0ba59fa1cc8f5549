// The pure parts: sizes, placement, image names, and the files that the server and agents exchange.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "platform/compute/environment.h"
#include "platform/compute/errors.h"
#include "platform/compute/framework_version.h"
#include "platform/compute/instance_types.h"
#include "platform/compute/journal.h"
#include "platform/compute/log_spool.h"
#include "platform/compute/runtimes.h"
#include "platform/compute/scheduler.h"
#include "platform/compute/task_files.h"

namespace aloft::compute {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kGiB = 1ull << 30;

// A type's name is all that a user says about size: it must mean what it means on SageMaker.
TEST(InstanceTypesTest, NamesAreSizes) {
  struct Case {
    const char* type;
    double vcpus;
    std::uint64_t gib;
    int gpus;
  };
  for (const Case& expected :
       {Case{"ml.m5.large", 2, 8, 0}, Case{"ml.m5.24xlarge", 96, 384, 0}, Case{"ml.c5.xlarge", 4, 8, 0},
        Case{"ml.r5.2xlarge", 8, 64, 0}, Case{"ml.t3.medium", 2, 4, 0}, Case{"ml.g5.xlarge", 4, 16, 1},
        Case{"ml.g4dn.12xlarge", 48, 192, 4}, Case{"ml.g5.48xlarge", 192, 768, 8}, Case{"ml.p3.2xlarge", 8, 61, 1},
        Case{"ml.p4d.24xlarge", 96, 1152, 8}, Case{"ml.m6i.4xlarge", 16, 64, 0}, Case{"local", 1, 1, 0}}) {
    auto limits = LimitsOf(expected.type);
    ASSERT_TRUE(limits.ok()) << expected.type;
    EXPECT_EQ(limits->vcpus, expected.vcpus) << expected.type;
    EXPECT_EQ(limits->memory_bytes, expected.gib * kGiB) << expected.type;
    EXPECT_EQ(limits->gpus, expected.gpus) << expected.type;
  }
  EXPECT_EQ(LimitsOf("ml.m5.large", 5 * kGiB)->disk_bytes, 5 * kGiB);
  for (const char* unknown : {"", "m5.large", "ml.m5", "ml.m5.huge", "ml.m5.0xlarge", "ml.m5.-1xlarge", "ml.zz.large",
                              "ml.m5.large.x", "ml.m5.999999999999xlarge"})
    EXPECT_EQ(LimitsOf(unknown).error().reason, kUnknownInstanceType) << unknown;
}

// CPU is a share, memory is hard, and every refusal names what is missing.
TEST(SchedulerTest, PlacesByMemoryAndShares) {
  Capacity machine{.vcpus = 2, .memory_bytes = 10 * kGiB, .gpus = 0, .cpu_overcommit = 4, .memory_share = 1.0};
  auto wanted = [](double vcpus, std::uint64_t gib, int gpus = 0) {
    return Limits{.vcpus = vcpus, .memory_bytes = gib * kGiB, .gpus = gpus};
  };
  using Verdict = Placement::Verdict;
  EXPECT_EQ(Place(machine, {}, wanted(2, 8)).verdict, Verdict::kStart);
  EXPECT_EQ(Place(machine, {}, wanted(2, 8)).granted.memory_bytes, 8 * kGiB);
  auto waits = Place(machine, {wanted(2, 8)}, wanted(2, 4));
  EXPECT_EQ(waits.verdict, Verdict::kWait);
  EXPECT_EQ(waits.reason, "needs 4.0 GiB of memory, 2.0 GiB are free");
  EXPECT_EQ(Place(machine, {wanted(4, 1)}, wanted(4, 1)).verdict, Verdict::kStart);
  EXPECT_EQ(Place(machine, {wanted(4, 1), wanted(3, 1)}, wanted(2, 1)).verdict, Verdict::kWait);
  EXPECT_EQ(Place(machine, {}, wanted(96, 8)).granted.vcpus, 8) << "more shares than there are means all of them";
  auto never = Place(machine, {}, wanted(2, 16));
  EXPECT_EQ(never.verdict, Verdict::kNever);
  EXPECT_THAT(never.reason, HasSubstr("16.0 GiB"));
  EXPECT_EQ(Place(machine, {}, wanted(2, 12)).granted.memory_bytes, 10 * kGiB) << "sizes are nominal";
  never = Place(machine, {}, wanted(2, 1, 1));
  EXPECT_EQ(never.verdict, Verdict::kNever);
  EXPECT_THAT(never.reason, HasSubstr("1 GPU and this machine has 0"));
  machine.allow_smaller = true;
  EXPECT_EQ(Place(machine, {}, wanted(2, 64, 1)).verdict, Verdict::kStart);
  EXPECT_EQ(Place(machine, {}, wanted(2, 64, 1)).granted.gpus, 0);
}

// An image means a runtime or is refused: it is never swapped for something else.
TEST(RuntimesTest, ImagesAreMappedOrRefused) {
  auto table = RuntimeTable::Load(ALOFT_RUNTIME_DIRECTORY);
  ASSERT_TRUE(table.ok()) << Describe(table.error());
  auto sklearn = table->Resolve("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3");
  ASSERT_TRUE(sklearn.ok());
  EXPECT_EQ(sklearn->environment, "scikit-learn");
  EXPECT_THAT(sklearn->train, ElementsAre("python", "/opt/aloft/runtime/aloft_runtime/train.py"));
  EXPECT_EQ(table->Resolve("aloft-onnx:1")->environment, "");
  auto unknown = table->Resolve("example.com/my-own:1");
  EXPECT_EQ(unknown.error().reason, kUnknownImage);
  EXPECT_THAT(unknown.error().message, HasSubstr("runtimes.toml"));
}

// An operator who wants the very version gets it or an answer that names both.
TEST(RuntimesTest, OtherVersionsAreRefusedWhereAskedFor) {
  EXPECT_EQ(VersionOfTag("host:5000/sagemaker-xgboost:1.7-1"), "1.7");
  EXPECT_EQ(VersionOfTag("pytorch-training:2.1.0-cpu-py310"), "2.1.0");
  for (const char* none : {"aloft-python:3", "host:5000/image", "image", "image:latest", "image:v1.2"})
    EXPECT_EQ(VersionOfTag(none), "") << none;
  EXPECT_TRUE(IsOfVersion("1.2.7", "1.2") && IsOfVersion("1.2", "1.2") && IsOfVersion("1.13.1+dfsg", "1.13.1"));
  EXPECT_FALSE(IsOfVersion("1.25", "1.2") || IsOfVersion("1", "1.2"));

  auto table = RuntimeTable::Load(ALOFT_RUNTIME_DIRECTORY);
  ASSERT_TRUE(table.ok());
  table->RefuseOtherVersions();
  auto here = PackageVersion(std::string(ALOFT_RUNTIME_DIRECTORY) + "/environments/scikit-learn.txt", "scikit-learn");
  ASSERT_TRUE(here);
  EXPECT_TRUE(table->Resolve("sagemaker-scikit-learn:" + *here + "-1-cpu-py3").ok());
  auto other = table->Resolve("sagemaker-scikit-learn:0.23-1-cpu-py3");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().reason, kUnknownImage);
  EXPECT_THAT(other.error().message, HasSubstr("asks for scikit-learn 0.23, this Aloft has " + *here));
  EXPECT_TRUE(table->Resolve("aloft-python:3").ok()) << "no framework, no version";
}

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    char path[] = "/tmp/aloft-files-XXXXXX";
    directory_ = ::mkdtemp(path);
  }
  ~FilesTest() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
  ManualClock clock_;
};

// A task is read back by another process, perhaps by a newer program: nothing may be lost on the way.
TEST_F(FilesTest, SpecComesBack) {
  TaskSpec spec;
  spec.id = TaskId("training.123456789012.us-east-1.job.1");
  spec.environment = "scikit-learn";
  spec.command = {"python", "a b", ""};
  spec.variables = {{"A", "ä\"\n"}};
  spec.files = {{"/opt/ml/x", "content"}};
  spec.inputs = {{"train", "s3://b/p", Input::Kind::kArchive, "/opt/ml/input/data/train"}};
  spec.outputs = {{"/opt/ml/model", "s3://b/m.tar.gz", false, false, true}};
  spec.role_arn = "arn:aws:iam::1:role/r";
  spec.limits = {.vcpus = 0.5, .memory_bytes = 7, .max_processes = 8, .disk_bytes = 9, .gpus = 1};
  spec.network = Network::kInternet;
  spec.max_runtime = std::chrono::seconds(5);
  spec.stop_grace = std::chrono::seconds(6);
  spec.banner = {"hello"};
  std::string text = EncodeSpec(spec, clock_.Now());
  auto back = DecodeSpec(text);
  ASSERT_TRUE(back.ok()) << Describe(back.error());
  EXPECT_EQ(EncodeSpec(back->spec, back->accepted), text);
  EXPECT_EQ(back->spec.inputs[0].kind, Input::Kind::kArchive);
  EXPECT_FALSE(DecodeSpec("{\"version\":2}").ok());
  EXPECT_FALSE(DecodeSpec("{\"version\":1}").ok());
  EXPECT_FALSE(DecodeSpec("").ok());
}

// Ids become file names and paths become places: neither may lead anywhere else.
TEST_F(FilesTest, SpecsAreChecked) {
  TaskSpec good;
  good.id = TaskId("a");
  good.command = {"true"};
  EXPECT_TRUE(CheckSpec(good).ok());
  for (const char* id : {"", ".hidden", "a/b", "a b", ".."}) {
    TaskSpec bad = good;
    bad.id = TaskId(id);
    EXPECT_EQ(CheckSpec(bad).error().reason, kBadTaskSpec) << id;
  }
  for (const char* path : {"/etc/passwd", "/opt/ml/../x", "/opt/ml/..", "/opt/mlx", "x"}) {
    TaskSpec bad = good;
    bad.files = {{path, ""}};
    EXPECT_FALSE(CheckSpec(bad).ok()) << path;
  }
}

// The journal is all that is left after a crash: torn lines are ignored, and the first last word counts.
TEST_F(FilesTest, JournalFoldsToAStatus) {
  {
    auto journal = Journal::Open(directory_, clock_);
    ASSERT_TRUE(journal.ok());
    ASSERT_TRUE(journal->AgentStarted({42, 7, "boot"}).ok());
    ASSERT_TRUE(journal->Entered(Phase::kRunning, "Running the \"code\"").ok());
    ASSERT_TRUE(journal->Versions({"Python 3.11.2"}).ok());
    ASSERT_TRUE(journal->KeyMade("key\n", {"tls key\n", "node-7"}).ok());
    ASSERT_TRUE(journal->CommandStarted().ok());
  }
  std::string path = directory_ + "/journal";
  std::ofstream(path, std::ios::app) << "{\"v\":1,\"at\":5,\"eve";
  {
    auto journal = Journal::Open(directory_, clock_);
    ASSERT_TRUE(journal->CommandEnded(3, 0, {.peak_memory_bytes = 9}, "bye").ok());
    ASSERT_TRUE(journal->Ended(Outcome::kFailed, "why", true).ok());
    ASSERT_TRUE(journal->Ended(Outcome::kLost, "too late", false).ok());
  }
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  JournalState state = FoldJournal(text, clock_.Now());
  EXPECT_EQ(state.agent.pid, 42);
  EXPECT_TRUE(state.takes_sealed);
  EXPECT_EQ(state.public_key, "key\n");
  EXPECT_EQ(state.tls.public_key, "tls key\n");
  EXPECT_EQ(state.tls.host, "node-7");
  EXPECT_EQ(state.status.phase, Phase::kEnded);
  EXPECT_EQ(state.status.outcome, Outcome::kFailed);
  EXPECT_EQ(state.status.failure, "why");
  EXPECT_TRUE(state.status.failure_is_users);
  EXPECT_EQ(state.status.exit_code, 3);
  EXPECT_EQ(state.status.usage.peak_memory_bytes, 9u);
  EXPECT_EQ(state.status.exit_message, "bye");
  EXPECT_EQ(state.status.transitions.size(), 3u);
  EXPECT_EQ(state.status.transitions[1].message, "Running the \"code\"");
}

// Lines keep their order and their time, whatever pieces they come in; a reader goes on where it was.
TEST_F(FilesTest, SpoolGivesLinesByOffset) {
  LogSpool spool(directory_, clock_, 1 << 20, [] { return false; });
  ASSERT_TRUE(spool.Open().ok());
  spool.Bytes("one\ntw");
  auto first = ReadLogSpool(directory_, 0, 1000);
  ASSERT_EQ(first->lines.size(), 1u);
  EXPECT_EQ(first->lines[0].text, "one");
  EXPECT_EQ(first->lines[0].at, clock_.Now());
  clock_.Advance(std::chrono::seconds(1));
  spool.Bytes("o\r\n\nthree");
  spool.Flush();
  spool.Line("four\nfive");
  auto rest = ReadLogSpool(directory_, first->next_offset, 1000);
  std::vector<std::string> lines;
  for (const auto& line : rest->lines) lines.push_back(line.text);
  EXPECT_THAT(lines, ElementsAre("two", "", "three", "four", "five"));
  EXPECT_EQ(rest->lines[0].at, clock_.Now());
  EXPECT_TRUE(ReadLogSpool(directory_, rest->next_offset, 1000)->lines.empty());
}

// A line without an end must not grow without bound, and what nobody reads must not fill the disk.
TEST_F(FilesTest, SpoolIsBounded) {
  bool stopped = false;
  LogSpool spool(directory_, clock_, 1 << 20, [&] { return stopped; });
  ASSERT_TRUE(spool.Open().ok());
  spool.Bytes(std::string(200'000, 'x'));
  spool.Flush();
  auto chunk = ReadLogSpool(directory_, 0, 1 << 20);
  ASSERT_EQ(chunk->lines.size(), 4u);
  EXPECT_EQ(chunk->lines[0].text.size(), kMaxLogLine);
  // The reader acknowledges; so the writer goes on, although it has written more than the bound.
  for (int i = 0; i < 40; ++i) {
    spool.Line(std::string(60'000, 'y'));
    ASSERT_TRUE(AcknowledgeLogSpool(directory_, LogSpoolSize(directory_)).ok());
  }
  EXPECT_GT(LogSpoolSize(directory_), 2u << 20);
  stopped = true;  // with nobody reading, only a stop lets a writer pass
  for (int i = 0; i < 40; ++i) spool.Line(std::string(60'000, 'z'));
}

// The standard library's environment is made once and says what is in it.
TEST_F(FilesTest, EnvironmentIsMadeOnce) {
  Environments environments(directory_ + "/environments", ALOFT_RUNTIME_DIRECTORY);
  EXPECT_FALSE(environments.Find("no-such").ok());
  auto before = environments.Find("python");
  ASSERT_TRUE(before.ok());
  EXPECT_FALSE(before->ready);
  auto made = environments.Ensure(
      "python", [](std::string_view) {}, [] { return false; });
  ASSERT_TRUE(made.ok()) << Describe(made.error());
  EXPECT_TRUE(made->ready);
  ASSERT_EQ(made->versions.size(), 1u);
  EXPECT_THAT(made->versions[0], HasSubstr("Python 3."));
  EXPECT_TRUE(std::filesystem::exists(made->path + "/bin/python"));
  // Half of an environment is none: without its mark it is made again.
  std::filesystem::remove(made->path + "/.aloft-complete");
  EXPECT_FALSE(environments.Find("python")->ready);
  EXPECT_TRUE(environments
                  .Ensure(
                      "python", [](std::string_view) {}, [] { return false; })
                  .ok());
}

}  // namespace
}  // namespace aloft::compute
