#include "foundation/sql/testing/postgres.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

namespace aloft::sql::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBinaries = "/usr/lib/postgresql/15/bin/";

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

class Cluster {
 public:
  Cluster() {
    std::string name = fs::temp_directory_path() / "aloft-pg-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  ~Cluster() {
    if (owner_ != getpid()) return;  // a forked child of the test
    Stop(SIGINT);
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  Status Start() {
    if (access((std::string(kBinaries) + "initdb").c_str(), X_OK) != 0)
      return Fail(kInternal, std::string("PostgreSQL 15 is not installed (") + kBinaries +
                                 "initdb is missing): apt-get install postgresql-15");
    if (geteuid() == 0) {
      // initdb refuses root; Debian's package made this user.
      const passwd* user = getpwnam("postgres");
      if (user == nullptr) return Fail(kInternal, "There is no user 'postgres' to run PostgreSQL as.");
      if (chown(directory_.c_str(), user->pw_uid, user->pw_gid) != 0) return SystemError("chown", errno);
    }
    int made = Wait(Spawn({std::string(kBinaries) + "initdb", "-D", Data(), "-U", "postgres", "-A", "trust", "-E",
                           "UTF8", "--locale=C.UTF-8", "-N"}));
    if (made != 0) return Fail(kInternal, "initdb failed; see " + directory_ + "/log");
    return Launch();
  }

  Status Launch() {
    // fsync off: these tests are about meaning, not about the disk.
    server_ =
        Spawn({std::string(kBinaries) + "postgres", "-D", Data(), "-k", directory_, "-c", "listen_addresses=", "-c",
               "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60", "-c", "log_min_messages=panic"});
    for (int i = 0; i < 600; ++i) {
      if (PQping(ConnectionTo("postgres").c_str()) == PQPING_OK) return {};
      if (waitpid(server_, nullptr, WNOHANG) == server_) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return Fail(kInternal, "PostgreSQL does not start; see " + directory_ + "/log");
  }

  void Stop(int signal) {
    if (server_ <= 0) return;
    kill(server_, signal);
    Wait(server_);
    server_ = -1;
  }

  Result<std::string> NewDatabase() {
    std::string name = "test" + std::to_string(++count_);
    Connection connection(PQconnectdb(ConnectionTo("postgres").c_str()), &PQfinish);
    std::unique_ptr<PGresult, decltype(&PQclear)> done(PQexec(connection.get(), ("CREATE DATABASE " + name).c_str()),
                                                       &PQclear);
    if (PQresultStatus(done.get()) != PGRES_COMMAND_OK)
      return Fail(kInternal, "CREATE DATABASE failed", PQerrorMessage(connection.get()));
    return ConnectionTo(name);
  }

 private:
  std::string Data() const { return directory_ + "/data"; }
  std::string ConnectionTo(const std::string& database) const {
    return "host=" + directory_ + " user=postgres dbname=" + database;
  }

  // The server dies with this program, however that ends.
  pid_t Spawn(std::vector<std::string> command) const {
    std::vector<std::string> words{"setpriv", "--pdeathsig", "INT"};
    if (geteuid() == 0) words.insert(words.end(), {"--reuid", "postgres", "--regid", "postgres", "--clear-groups"});
    words.push_back("--");
    words.insert(words.end(), command.begin(), command.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::string log = directory_ + "/log";
    pid_t child = fork();
    if (child == 0) {
      if (chdir(directory_.c_str()) != 0) _exit(127);
      if (freopen(log.c_str(), "a", stdout) != nullptr) dup2(STDOUT_FILENO, STDERR_FILENO);
      execvp(arguments[0], arguments.data());
      _exit(127);
    }
    return child;
  }

  static int Wait(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  const pid_t owner_ = getpid();
  std::string directory_;
  pid_t server_ = -1;
  int count_ = 0;
};

struct Shared {
  Cluster cluster;
  Status started = cluster.Start();
};

Shared& TheCluster() {
  static Shared shared;
  return shared;
}

}  // namespace

Result<std::string> NewPostgresDatabase() {
  Shared& shared = TheCluster();
  ALOFT_TRY(shared.started);
  return shared.cluster.NewDatabase();
}

Status CrashPostgres() {
  Shared& shared = TheCluster();
  ALOFT_TRY(shared.started);
  shared.cluster.Stop(SIGQUIT);  // immediate: like a crash, but takes the backends along
  return shared.cluster.Launch();
}

}  // namespace aloft::sql::testing
