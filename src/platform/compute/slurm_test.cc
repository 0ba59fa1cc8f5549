// Tasks over a real Slurm: a controller and two nodes on this machine, with munge between them.
#include "platform/compute/slurm.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <sstream>
#include <thread>

#include "foundation/base/bytes.h"
#include "foundation/os/process.h"
#include "platform/compute/backend_contract.h"
#include "platform/compute/errors.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Of this test program; its end, however it comes, is its daemons' end.
class Daemon {
 public:
  void Start(const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& part : command) argv.push_back(const_cast<char*>(part.c_str()));
    argv.push_back(nullptr);
    os::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    for (int fd : {0, 1, 2}) ::dup2(null.get(), fd);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  void End(int signal = SIGKILL) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    for (int i = 0; i < 1'000 && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (i == 999) ::kill(pid_, SIGKILL);
    }
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

// Empty as soon as `why` says nothing more; else what it said last.
std::string Await(const std::function<std::string()>& why) {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (;;) {
    std::string now = why();
    if (now.empty() || std::chrono::steady_clock::now() > until) return now;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string OutputOf(std::vector<std::string> argv) {
  std::string text;
  os::CommandOptions options{.argv = std::move(argv), .variables = {{"SLURM_CONF", ::getenv("SLURM_CONF")}}};
  options.deadline = std::chrono::seconds(30);
  options.output = [&](std::string_view line) { text.append(line).append("\n"); };
  static_cast<void>(os::RunCommand(options));
  return text;
}

// One for the program; ended with it.
class Cluster {
 public:
  static Cluster& Get() {
    static Cluster cluster;
    return cluster;
  }
  const std::string& gap() const { return gap_; }

  void StartController() { controller_.Start({"/usr/sbin/slurmctld", "-D", "-f", configuration_}); }
  // In order: one that is killed may give the same number to another job, for which Slurm drains the node.
  void StopController() { controller_.End(SIGTERM); }
  void StartNode(int node) {
    nodes_[node - 1].Start({"/usr/sbin/slurmd", "-D", "-N", "n" + std::to_string(node), "-f", configuration_});
  }
  void StopNode(int node) { nodes_[node - 1].End(); }

  // Empty once all are there, and idle.
  static std::string AwaitNodes() {
    return Await([]() -> std::string {
      std::string nodes = OutputOf({"/usr/bin/sinfo", "--noheader", "--Node", "--format=%N %T"});
      return nodes == "n1 idle\nn2 idle\n" ? "" : "nodes are " + nodes + OutputOf({"/usr/bin/sinfo", "--list-reasons"});
    });
  }

  // Clients that believe at once that nobody is there.
  std::string impatient() const { return directory_ + "/impatient.conf"; }
  const std::string& configuration() const { return configuration_; }

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
    ::setenv("SLURM_CONF", configuration_.c_str(), 1);
    gap_ = StartAll();
    if (!gap_.empty()) gap_ = "the cluster does not come up: " + gap_ + EndsOfLogs();
  }
  ~Cluster() {
    // What slurmd has started for a job outlives slurmd, and ends with the job.
    if (gap_.empty()) Await([] { return OutputOf({"/usr/bin/squeue", "--noheader", "--format=%A %T"}); });
    for (Daemon* one : {&nodes_[0], &nodes_[1], &controller_, &munge_}) one->End();
    std::error_code ignored;
    if (!directory_.empty()) fs::remove_all(directory_, ignored);
  }

  std::string Socket() const { return directory_ + "/munge.sock"; }

  // Each needs the one before it, and would look again only after seconds.
  std::string StartAll() {
    munge_.Start({"/usr/sbin/munged", "--foreground", "--force", "--num-threads=2", "--key-file=" + directory_ + "/key",
                  "--socket=" + Socket(), "--pid-file=" + directory_ + "/munged.pid",
                  "--log-file=" + directory_ + "/munged.log", "--seed-file=" + directory_ + "/seed"});
    std::string why = Await([&] { return Listens() ? "" : "munged does not listen"; });
    if (!why.empty()) return why;
    StartController();
    why = Await([] { return SlurmGap(); });
    if (!why.empty()) return why;
    for (int node : {1, 2}) StartNode(node);
    return AwaitNodes();
  }
  bool Listens() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    Socket().copy(address.sun_path, sizeof address.sun_path - 1);
    os::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  // Three in a row that nobody has, below those that the system gives to clients.
  static int FreePorts() {
    auto is_free = [](int port) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<std::uint16_t>(port));
      os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      return ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    };
    for (int tried = 0, port = 10'000 + ::getpid() * 3 % 20'000;; ++tried, port = 10'000 + (port + 3) % 20'000)
      if ((is_free(port) && is_free(port + 1) && is_free(port + 2)) || tried == 1000) return port;
  }

  // A slow machine is not a lost node: no timeout here is short, and tests that lose something say so themselves.
  void Configure() {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    if (char* dot = ::strchr(host, '.')) *dot = 0;
    int port = FreePorts();
    std::ostringstream out;
    out << "ClusterName=aloft\nSlurmctldHost=" << host << "(127.0.0.1)\nSlurmctldPort=" << port
        << "\nSlurmUser=root\nSlurmdUser=root\nAuthType=auth/munge\nAuthInfo=socket=" << Socket()
        << "\nStateSaveLocation=" << directory_ << "/state\nSlurmdSpoolDir=" << directory_
        << "/spool.%n\nSlurmctldPidFile=" << directory_ << "/ctld.pid\nSlurmdPidFile=" << directory_
        << "/%n.pid\nSlurmctldLogFile=" << directory_ << "/ctld.log\nSlurmdLogFile=" << directory_
        << "/%n.log\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\nSwitchType=switch/none\n"
           "SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU_Memory\nReturnToService=2\nSlurmdTimeout=300\n"
           "BatchStartTimeout=300\nKillWait=2\nSlurmdParameters=config_overrides\n"
           "SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1\n"
           "AccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/none\n";
    for (int node : {1, 2})
      out << "NodeName=n" << node << " NodeHostname=" << host << " NodeAddr=127.0.0.1 Port=" << port + node
          << " CPUs=4 RealMemory=4000\n";
    out << "PartitionName=main Nodes=n1,n2 Default=YES State=UP MaxTime=INFINITE\n";
    std::ofstream(configuration_ = directory_ + "/slurm.conf") << out.str() << "MessageTimeout=30\n";
    std::ofstream(impatient()) << out.str() << "MessageTimeout=1\n";
    fs::create_directories(directory_ + "/state");
    for (const char* node : {"n1", "n2"}) fs::create_directories(directory_ + "/spool." + node);
  }
  std::string EndsOfLogs() const {
    std::string text;
    for (const char* name : {"munged.log", "ctld.log", "n1.log"}) {
      std::ifstream file(directory_ + "/" + name);
      std::string all((std::istreambuf_iterator<char>(file)), {});
      text += std::string("\n") + name + ": ..." + all.substr(all.size() > 600 ? all.size() - 600 : 0);
    }
    return text;
  }

  std::string gap_, directory_, configuration_;
  Daemon munge_, controller_, nodes_[2];
};

class SlurmHarness : public TaskHarness {
 public:
  std::string gap() const override { return Cluster::Get().gap(); }
  Result<std::unique_ptr<Backend>> Open() override {
    options().capacity = {.vcpus = 1e6, .memory_bytes = 1ull << 50, .disk_bytes = 1ull << 50};
    options().host_look = std::chrono::milliseconds(100);
    options().host = MakeSlurmHost({.agent_path = options().agent_path,
                                    .tasks_directory = options().tasks_directory,
                                    .pause = std::chrono::milliseconds(100)});
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
  ::setenv("SLURM_CONF", Cluster::Get().impatient().c_str(), 1);
  TaskSpec meanwhile = harness_.Shell("meanwhile", "echo later");
  ASSERT_TRUE(harness_.backend().Start(meanwhile).ok());
  EXPECT_THAT(harness_.backend().Observe(meanwhile.id)->message, HasSubstr("Slurm does not answer"));
  std::string socket = harness_.backend().Observe(before.id)->socket_path;
  std::ofstream(fs::path(socket).parent_path() / "go") << "";
  EXPECT_EQ(harness_.WaitForEnd(before.id).outcome, Outcome::kSucceeded);
  harness_.Close();
  EXPECT_EQ(harness_.backend().Observe(meanwhile.id)->phase, Phase::kPending);
  Cluster::Get().StartController();
  ::setenv("SLURM_CONF", Cluster::Get().configuration().c_str(), 1);
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

// A node that does not answer loses no task while the agent lives; with the agent the task is lost, with Slurm's word
// and the node's name, and what comes next runs elsewhere.
TEST_F(SlurmTest, ALostNodeIsALostTask) {
  TaskSpec spec = harness_.Shell("on-a-node", "echo up; sleep 1000");
  ASSERT_TRUE(harness_.backend().Start(spec).ok());
  harness_.WaitForLog(spec.id, "up");
  std::string node(Trim(OutputOf({"/usr/bin/squeue", "--noheader", "--states=RUNNING", "--format=%N"})));
  ASSERT_TRUE(node == "n1" || node == "n2") << node;
  Cluster::Get().StopNode(node[1] - '0');
  OutputOf({"/usr/bin/scontrol", "update", "NodeName=" + node, "State=DOWN", "Reason=test"});
  Await([] { return OutputOf({"/usr/bin/squeue", "--noheader", "--states=RUNNING", "--format=%N"}); });
  EXPECT_EQ(harness_.backend().Observe(spec.id)->phase, Phase::kRunning);
  auto agent = os::OpenProcess(harness_.AgentOf(spec.id));
  ASSERT_TRUE(agent.has_value());
  ASSERT_TRUE(os::SignalProcess(*agent, SIGKILL).ok());
  TaskStatus status = harness_.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kLost);
  EXPECT_THAT(status.failure, HasSubstr("NODE_FAIL on " + node));

  TaskSpec next = harness_.Shell("elsewhere", "echo ran");
  ASSERT_TRUE(harness_.backend().Start(next).ok());
  EXPECT_EQ(harness_.WaitForEnd(next.id).outcome, Outcome::kSucceeded);
  Cluster::Get().StartNode(node[1] - '0');
  OutputOf({"/usr/bin/scontrol", "update", "NodeName=" + node, "State=RESUME"});
  EXPECT_EQ(Cluster::AwaitNodes(), "");
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
