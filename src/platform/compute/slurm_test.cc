// Tasks over a real Slurm: a controller and two nodes on this machine, with munge between them.
#include "platform/compute/slurm.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <thread>

#include "foundation/os/process.h"
#include "platform/compute/backend_contract.h"
#include "platform/compute/errors.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// One for the program; ended with it.
class Cluster {
 public:
  static Cluster& Get() {
    static Cluster cluster;
    return cluster;
  }
  const std::string& gap() const { return gap_; }

  void StartController() { Daemon("/usr/sbin/slurmctld", {"-D", "-f", configuration_}, controller_); }
  void StopController() { End(controller_); }
  void StartNode(int node) {
    Daemon("/usr/sbin/slurmd", {"-D", "-N", "n" + std::to_string(node), "-f", configuration_}, nodes_[node - 1]);
  }
  void StopNode(int node) { End(nodes_[node - 1]); }

 private:
  Cluster() {
    for (const char* program : {"/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged", "/usr/bin/sbatch"})
      if (::access(program, X_OK) != 0)
        gap_ = std::string(program) + " is not here: apt-get install slurmctld slurmd slurm-client munge";
    if (gap_.empty() && ::geteuid() != 0) gap_ = "a cluster of its own needs root";
    if (!gap_.empty()) return;
    char path[] = "/tmp/aloft-slurm-XXXXXX";
    directory_ = ::mkdtemp(path);
    ::chmod(directory_.c_str(), 0755);
    std::ofstream(directory_ + "/key") << std::string(1024, 'k') << ::getpid();
    ::chmod((directory_ + "/key").c_str(), 0400);
    Configure();
    Daemon("/usr/sbin/munged",
           {"--foreground", "--force", "--num-threads=2", "--key-file=" + directory_ + "/key", "--socket=" + Socket(),
            "--pid-file=" + directory_ + "/munged.pid", "--log-file=" + directory_ + "/munged.log",
            "--seed-file=" + directory_ + "/seed"},
           munge_);
    ::setenv("SLURM_CONF", configuration_.c_str(), 1);
    StartController();
    StartNode(1);
    StartNode(2);
    gap_ = WaitUntilUp();
  }
  ~Cluster() {
    for (auto* one : {&nodes_[0], &nodes_[1], &controller_, &munge_}) End(*one);
    if (!directory_.empty()) fs::remove_all(directory_);
  }

  std::string Socket() const { return directory_ + "/munge.sock"; }
  void Configure() {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    if (char* dot = ::strchr(host, '.')) *dot = 0;
    int port = 20'000 + ::getpid() % 20'000;
    std::ofstream out(configuration_ = directory_ + "/slurm.conf");
    out << "ClusterName=aloft\nSlurmctldHost=" << host << "(127.0.0.1)\nSlurmctldPort=" << port
        << "\nSlurmUser=root\nSlurmdUser=root\nAuthType=auth/munge\nAuthInfo=socket=" << Socket()
        << "\nStateSaveLocation=" << directory_ << "/state\nSlurmdSpoolDir=" << directory_
        << "/spool.%n\nSlurmctldPidFile=" << directory_ << "/ctld.pid\nSlurmdPidFile=" << directory_
        << "/%n.pid\nSlurmctldLogFile=" << directory_ << "/ctld.log\nSlurmdLogFile=" << directory_
        << "/%n.log\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\nSwitchType=switch/none\n"
           "SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU_Memory\nReturnToService=2\nSlurmdTimeout=5\n"
           "KillWait=2\nMessageTimeout=5\nSlurmdParameters=config_overrides\n"
           "SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1\n"
           "AccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/none\n";
    for (int node : {1, 2})
      out << "NodeName=n" << node << " NodeHostname=" << host << " NodeAddr=127.0.0.1 Port=" << port + node
          << " CPUs=4 RealMemory=4000\n";
    out << "PartitionName=main Nodes=n1,n2 Default=YES State=UP MaxTime=INFINITE\n";
    fs::create_directories(directory_ + "/state");
    for (const char* node : {"n1", "n2"}) fs::create_directories(directory_ + "/spool." + node);
  }
  static std::string WaitUntilUp() {
    std::string why;
    for (int i = 0; i < 150; ++i) {
      why = SlurmGap();
      if (why.empty()) return why;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return "the cluster does not come up: " + why;
  }
  static void Daemon(const std::string& program, const std::vector<std::string>& arguments,
                     std::optional<os::ProcessIdentity>& of) {
    std::map<std::string, std::string> variables{{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    if (const char* configuration = ::getenv("SLURM_CONF")) variables["SLURM_CONF"] = configuration;
    auto started = os::StartDaemon({.path = program, .arguments = arguments, .variables = variables});
    if (started.ok()) of = *started;
  }
  static void End(std::optional<os::ProcessIdentity>& of) {
    if (!of) return;
    if (auto process = os::OpenProcess(*of)) {
      static_cast<void>(os::SignalProcess(*process, SIGKILL));
      os::WaitForEnd(*process, std::chrono::seconds(10));
    }
    of.reset();
  }

  std::string gap_, directory_, configuration_;
  std::optional<os::ProcessIdentity> munge_, controller_, nodes_[2];
};

class SlurmHarness : public TaskHarness {
 public:
  std::string gap() const override { return Cluster::Get().gap(); }
  Result<std::unique_ptr<Backend>> Open() override {
    options().capacity = {.vcpus = 1e6, .memory_bytes = 1ull << 50, .disk_bytes = 1ull << 50};
    options().host = MakeSlurmHost({.agent_path = options().agent_path, .tasks_directory = options().tasks_directory});
    return TaskHarness::Open();
  }
};

INSTANTIATE_TEST_SUITE_P(Slurm, BackendContract, testing::Values([]() -> std::unique_ptr<TaskHarness> {
                           return std::make_unique<SlurmHarness>();
                         }));

class SlurmTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string gap = Cluster::Get().gap(); !gap.empty()) GTEST_SKIP() << gap;
  }
  SlurmHarness harness_;
};

// A controller that is away for a while loses nothing: what runs goes on, what was asked for meanwhile runs later.
TEST_F(SlurmTest, ControllerMayBeAway) {
  TaskSpec before =
      harness_.Shell("before", "echo up; while [ ! -e /run/aloft/go ]; do read -t 0.05 < <(:); done; echo on");
  ASSERT_TRUE(harness_.backend().Start(before).ok());
  harness_.WaitForLog(before.id, "up");
  Cluster::Get().StopController();
  TaskSpec meanwhile = harness_.Shell("meanwhile", "echo later");
  ASSERT_TRUE(harness_.backend().Start(meanwhile).ok());
  EXPECT_THAT(harness_.backend().Observe(meanwhile.id)->message, HasSubstr("Slurm does not answer"));
  std::string socket = harness_.backend().Observe(before.id)->socket_path;
  std::ofstream(fs::path(socket).parent_path() / "go") << "";
  EXPECT_EQ(harness_.WaitForEnd(before.id).outcome, Outcome::kSucceeded);
  harness_.Close();
  EXPECT_EQ(harness_.backend().Observe(meanwhile.id)->phase, Phase::kPending);
  Cluster::Get().StartController();
  EXPECT_EQ(harness_.WaitForEnd(meanwhile.id).outcome, Outcome::kSucceeded);
  std::string log = harness_.Log(meanwhile.id);
  EXPECT_EQ(log.find("later"), log.rfind("later"));
}

// What waits says why in Slurm's words, and a stop takes it out of the queue.
TEST_F(SlurmTest, QueuedTasksWaitAndStop) {
  TaskSpec large = harness_.Shell("large", "sleep 1000");
  large.limits.memory_bytes = 3'500ull << 20;
  for (const char* name : {"first", "second", "third"}) {
    large.id = TaskId(name);
    ASSERT_TRUE(harness_.backend().Start(large).ok());
  }
  TaskStatus status =
      harness_.WaitFor(large.id, [](const TaskStatus& s) { return s.message.find(" waits: ") != std::string::npos; });
  EXPECT_EQ(status.phase, Phase::kPending);
  ASSERT_TRUE(harness_.backend().Stop(large.id).ok());
  EXPECT_EQ(harness_.WaitForEnd(large.id).outcome, Outcome::kStopped);
  TaskSpec never = harness_.Shell("never", "true");
  never.limits.memory_bytes = 100ull << 30;
  ASSERT_TRUE(harness_.backend().Start(never).ok());
  status = harness_.WaitForEnd(never.id);
  EXPECT_EQ(status.outcome, Outcome::kCannotRun);
  EXPECT_THAT(status.failure, HasSubstr("Slurm refuses"));
}

// A server that died right after sbatch asks again and starts nothing twice.
TEST_F(SlurmTest, BeginningTwiceIsBeginningOnce) {
  TaskSpec spec = harness_.Shell("twice", "echo ran; sleep 1");
  ASSERT_TRUE(harness_.backend().Start(spec).ok());
  EXPECT_TRUE(harness_.options().host->Begin(spec, harness_.directory() + "/tasks/twice", spec.limits).ok());
  harness_.Close();
  EXPECT_EQ(harness_.WaitForEnd(spec.id).outcome, Outcome::kSucceeded);
  std::string log = harness_.Log(spec.id);
  EXPECT_EQ(log.find("ran"), log.rfind("ran"));
}

}  // namespace
}  // namespace aloft::compute
