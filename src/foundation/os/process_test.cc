#include "foundation/os/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aloft::os {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reading = Fd(ends[0]);
    writing = Fd(ends[1]);
  }
  Fd reading, writing;
};

// A daemon must survive its starter and hold nothing of it but what it was given: the task agents rely on both.
TEST(ProcessTest, DaemonBelongsToNobodyAndInheritsOnlyWhatItIsGiven) {
  Pipe pipe;
  int number = pipe.writing.get();
  auto started = StartDaemon({.path = "/bin/sh",
                              .arguments = {"-c", "ls -1 /proc/self/fd | wc -l >&" + std::to_string(number) +
                                                      "; echo $X >&" + std::to_string(number)},
                              .variables = {{"PATH", "/usr/bin:/bin"}, {"X", "given"}},
                              .keep = {number}});
  ASSERT_TRUE(started.ok()) << Describe(started.error());
  pipe.writing.Reset();
  std::string text;
  char buffer[256];
  for (ssize_t got; (got = ::read(pipe.reading.get(), buffer, sizeof buffer)) > 0;) text.append(buffer, got);
  // 0, 1, 2, the given one and ls's own directory.
  EXPECT_EQ(text, "5\ngiven\n");
  // Not a child: there is nothing to wait for.
  EXPECT_EQ(::waitpid(started->pid, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// A wrong path must be an error at once, not a task that never answers.
TEST(ProcessTest, DaemonThatCannotBeExecutedIsAnError) {
  auto started = StartDaemon({.path = "/no/such/program"});
  ASSERT_FALSE(started.ok());
  EXPECT_NE(Describe(started.error()).find("/no/such/program"), std::string::npos);
}

// A reused pid must never be taken for the old process: killing it would kill a stranger.
TEST(ProcessTest, IdentityIsMoreThanThePid) {
  Pipe pipe;
  auto started = StartDaemon({.path = "/bin/sh",
                              .arguments = {"-c", "read line <&" + std::to_string(pipe.reading.get())},
                              .keep = {pipe.reading.get()}});
  ASSERT_TRUE(started.ok());
  ProcessIdentity other = *started;
  other.start_ticks += 1;
  EXPECT_FALSE(OpenProcess(other).has_value());
  other = *started;
  other.boot_id = "another boot";
  EXPECT_FALSE(OpenProcess(other).has_value());

  auto pidfd = OpenProcess(*started);
  ASSERT_TRUE(pidfd.has_value());
  EXPECT_FALSE(WaitForEnd(*pidfd, std::chrono::milliseconds(0)));
  ASSERT_TRUE(SignalProcess(*pidfd, SIGKILL).ok());
  EXPECT_TRUE(WaitForEnd(*pidfd, std::chrono::seconds(10)));
  EXPECT_TRUE(SignalProcess(*pidfd, SIGKILL).ok()) << "ended already is success";
}

// Output comes by lines, the last unfinished one too, and the exit status is the true one.
TEST(ProcessTest, CommandGivesLinesAndStatus) {
  std::vector<std::string> lines;
  auto result = RunCommand({.argv = {"/bin/sh", "-c", "echo one; printf 'two\\rthree'; echo four >&2; exit 3"},
                            .output = [&](std::string_view line) { lines.emplace_back(line); }});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "threefour"}));
  auto signalled = RunCommand({.argv = {"/bin/sh", "-c", "kill -9 $$"}});
  ASSERT_TRUE(signalled.ok());
  EXPECT_EQ(signalled->signal, SIGKILL);
}

// A package installer that hangs must end with all its children when the task is stopped.
TEST(ProcessTest, CommandEndsWithItsChildrenWhenCancelled) {
  bool seen = false;
  auto result = RunCommand({.argv = {"/bin/sh", "-c", "echo ready; sleep 1000 & wait"},
                            .variables = {{"PATH", "/usr/bin:/bin"}},
                            .output = [&](std::string_view) { seen = true; },
                            .cancelled = [&] { return seen; }});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().reason, kCancelled);
}

// A task agent that is killed while it makes an environment: an installer that lived on would write into what the next
// task, which finds the lock free, makes in the same place. So the lock is held until the installer's last child is
// gone.
TEST(ProcessTest, CommandEndsWithItsChildrenWhereItsStarterIsKilled) {
  std::string name = "/tmp/aloft-process-XXXXXX";
  const Fd made(::mkstemp(name.data()));
  Pipe alive;  // the command and its children hold the writing end: the end of the file is their end
  Pipe ready;
  const pid_t starter = ::fork();
  if (starter == 0) {
    const int lock = ::open(name.c_str(), O_RDWR | O_CLOEXEC);
    if (::flock(lock, LOCK_EX) != 0) ::_exit(2);
    const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(alive.writing.get());
    static_cast<void>(RunCommand({.argv = {"/bin/sh", "-c", "exec 9>" + path + "; (sleep 1000; :) & echo ready; wait"},
                                  .variables = {{"PATH", "/usr/bin:/bin"}},
                                  .held = lock,
                                  .output = [&](std::string_view line) {
                                    static_cast<void>(!::write(ready.writing.get(), line.data(), line.size()));
                                  }}));
    ::_exit(1);
  }
  alive.writing.Reset();
  ready.writing.Reset();
  char bytes[8];
  ASSERT_GT(::read(ready.reading.get(), bytes, sizeof bytes), 0) << "the command did not start";
  EXPECT_NE(::flock(made.get(), LOCK_EX | LOCK_NB), 0) << "its starter holds the lock";
  ::kill(starter, SIGKILL);
  ASSERT_EQ(::waitpid(starter, nullptr, 0), starter);
  ASSERT_EQ(::flock(made.get(), LOCK_EX), 0);
  ::fcntl(alive.reading.get(), F_SETFL, O_NONBLOCK);
  EXPECT_EQ(::read(alive.reading.get(), bytes, sizeof bytes), 0)
      << "something of the command lives where the lock is free";
  ::unlink(name.c_str());
}

}  // namespace
}  // namespace aloft::os
