#include "foundation/os/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace aloft::os {
namespace {

namespace fs = std::filesystem;

class SandboxTest : public testing::Test {
 protected:
  SandboxTest() {
    char path[] = "/tmp/aloft-sandbox-XXXXXX";
    directory_ = ::mkdtemp(path);
    for (const char* name : {"root", "ml", "secret"}) fs::create_directory(directory_ + "/" + name);
    std::ofstream(directory_ + "/secret/key") << "secret";
    spec_.root_directory = directory_ + "/root";
    spec_.mounts = {{directory_ + "/ml", "/opt/ml", true}};
    spec_.outside_uid = 2'000'001;
    static_cast<void>(!::chown((directory_ + "/ml").c_str(), spec_.outside_uid, spec_.outside_uid));
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reading_ = Fd(ends[0]);
    writing_ = Fd(ends[1]);
  }
  ~SandboxTest() override { fs::remove_all(directory_); }

#ifdef __SANITIZE_THREAD__
  void SetUp() override { GTEST_SKIP() << "the thread sanitizer's own thread forbids a new user namespace"; }
#endif

  Result<Sandbox> Start(const std::string& script) {
    auto sandbox = Sandbox::Create(spec_, writing_.get());
    if (!sandbox.ok()) return std::move(sandbox).error();
    writing_.Reset();
    auto sockets = sandbox->Start({"bash", "-c", script}, {{"PATH", "/usr/bin:/bin"}, {"GREETING", "hello"}});
    if (!sockets.ok()) return std::move(sockets).error();
    sockets_ = std::move(*sockets);
    return sandbox;
  }

  // Runs to the end; everything the script wrote.
  std::string Run(const std::string& script) {
    auto sandbox = Start(script);
    if (!sandbox.ok()) return "cannot start: " + Describe(sandbox.error());
    std::string text = ReadAll();
    end_ = sandbox->Wait();
    return text;
  }

  std::string ReadAll() {
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = ::read(reading_.get(), buffer, sizeof buffer)) > 0;) text.append(buffer, got);
    return text;
  }
  std::string ReadLine() {
    std::string line;
    for (char c; ::read(reading_.get(), &c, 1) == 1 && c != '\n';) line.push_back(c);
    return line;
  }

  std::string directory_;
  SandboxSpec spec_;
  Fd reading_, writing_;
  std::vector<Fd> sockets_;
  SandboxEnd end_;
};

// The plain case: a command runs with its variables, writes where it may, and its status comes back.
TEST_F(SandboxTest, RunsACommand) {
  EXPECT_EQ(Run("echo $GREETING; echo out > /opt/ml/result; hostname; id -u; exit 7"), "hello\nsandbox\n1000\n");
  EXPECT_EQ(end_.exit_code, 7);
  struct stat status {};
  ASSERT_EQ(::stat((directory_ + "/ml/result").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, ::geteuid() == 0 ? spec_.outside_uid : ::geteuid());
}

// What is not attached does not exist, and the system cannot be changed.
TEST_F(SandboxTest, SeesNothingOfTheHostAndCannotChangeTheSystem) {
  std::string text = Run("cat " + directory_ +
                         "/secret/key; ls /root /home | wc -w; touch /usr/x; touch /x; ls /proc | "
                         "grep -c '^[0-9]'; cat /etc/shadow; grep CapEff /proc/self/status");
  EXPECT_EQ(text.find("secret\n"), std::string::npos) << text;
  EXPECT_NE(text.find("/usr/x': Read-only file system"), std::string::npos) << text;
  EXPECT_NE(text.find("/x': Read-only file system"), std::string::npos) << text;
  EXPECT_NE(text.find("/etc/shadow: No such file"), std::string::npos) << text;
  EXPECT_NE(text.find("CapEff:\t0000000000000000"), std::string::npos) << text;
}

// Kernel doors that user code has no use for are closed.
TEST_F(SandboxTest, RefusesNewNamespacesAndMounts) {
  std::string text = Run("unshare -U true; unshare -m true; mount -t tmpfs x /tmp; echo done");
  EXPECT_NE(text.find("unshare failed: Operation not permitted"), std::string::npos) << text;
  EXPECT_NE(text.find("done"), std::string::npos) << text;
}

// Own network: only the loopback, and what the caller listens on inside.
TEST_F(SandboxTest, HasLoopbackOnlyAndTheCallerAnswersThere) {
  spec_.listen_ports = {8080};
  auto sandbox = Start(
      "cat /proc/net/route | wc -l; exec 3<>/dev/tcp/127.0.0.1/8080; echo ping >&3; read -r x <&3; "
      "echo got $x; (echo > /dev/tcp/192.0.2.1/80) 2>&1 | grep -o 'Network is unreachable' | head -1");
  ASSERT_TRUE(sandbox.ok()) << Describe(sandbox.error());
  ASSERT_EQ(sockets_.size(), 1u);
  pollfd wait{sockets_[0].get(), POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 10'000), 1);
  Fd peer(::accept4(sockets_[0].get(), nullptr, nullptr, SOCK_CLOEXEC));
  char buffer[16];
  ASSERT_EQ(::read(peer.get(), buffer, 5), 5);
  ASSERT_EQ(::write(peer.get(), "pong\n", 5), 5);
  EXPECT_EQ(ReadAll(), "1\ngot pong\nNetwork is unreachable\n");
  EXPECT_EQ(sandbox->Wait().exit_code, 0);
}

// A polite end: the command sees SIGTERM and may finish.
TEST_F(SandboxTest, TerminateReachesTheCommand) {
  auto sandbox = Start("trap 'echo stopping; exit 5' TERM; echo ready; sleep 1000 & wait");
  ASSERT_TRUE(sandbox.ok()) << Describe(sandbox.error());
  EXPECT_EQ(ReadLine(), "ready");
  sandbox->Terminate();
  EXPECT_EQ(ReadLine(), "stopping");
  EXPECT_EQ(sandbox->Wait().exit_code, 5);
}

// Nobody outlives a sandbox: not a child in a session of its own, not one that ignores SIGTERM.
TEST_F(SandboxTest, KillEndsEverythingInside) {
  auto sandbox = Start("trap '' TERM; setsid bash -c 'trap \"\" TERM; echo child; sleep 1000' & sleep 1000");
  ASSERT_TRUE(sandbox.ok()) << Describe(sandbox.error());
  EXPECT_EQ(ReadLine(), "child");
  sandbox->Terminate();
  sandbox->Kill();
  EXPECT_EQ(sandbox->Wait().signal, SIGKILL);
  EXPECT_EQ(ReadAll(), "") << "the pipe has ended: no process holds it";
}

// The same when the command is gone but its children are not.
TEST_F(SandboxTest, EndsWithItsCommand) {
  EXPECT_EQ(Run("setsid sleep 1000 & echo parent"), "parent\n");
  EXPECT_EQ(end_.exit_code, 0);
}

// And when the process that made it dies: the agent's end is the task's end.
TEST_F(SandboxTest, EndsWithItsMaker) {
  pid_t maker = ::fork();
  if (maker == 0) {
    auto sandbox = Start("echo ready; sleep 1000");
    ::pause();
    ::_exit(0);
  }
  writing_.Reset();
  EXPECT_EQ(ReadLine(), "ready");
  ::kill(maker, SIGKILL);
  ASSERT_EQ(::waitpid(maker, nullptr, 0), maker);
  EXPECT_EQ(ReadAll(), "");
}

// What cannot be built or started is said with its reason, and nothing stays behind.
TEST_F(SandboxTest, SaysWhyItCannotStart) {
  auto sandbox = Sandbox::Create(spec_, writing_.get());
  ASSERT_TRUE(sandbox.ok());
  auto started = sandbox->Start({"no-such-program"}, {});
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("no-such-program: No such file"), std::string::npos)
      << started.error().message;

  spec_.mounts.push_back({"/no/such/source", "/opt/x"});
  auto other = Sandbox::Create(spec_, writing_.get());
  ASSERT_TRUE(other.ok());
  started = other->Start({"true"}, {});
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("/no/such/source"), std::string::npos) << started.error().message;
}

// Limits that need no control group.
TEST_F(SandboxTest, EnforcesRlimits) {
  spec_.max_file_bytes = 1 << 20;
  std::string text = Run("head -c 2000000 /dev/zero > /opt/ml/big; stat -c %s /opt/ml/big");
  EXPECT_NE(text.find("1048576"), std::string::npos) << text;
}

}  // namespace
}  // namespace aloft::os
