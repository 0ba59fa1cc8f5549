// aloft up: runs the server, in the foreground or (--detach) in the background.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef ALOFT_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>

#include "app/cli/commands.h"
#include "app/config.h"
#include "app/system.h"
#include "foundation/base/fault_point.h"
#include "foundation/base/log.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

struct Options {
  // What the flags said; each wins over the file.
  std::optional<std::string> data, public_name, region, account, postgres, shared, environments;
  std::string config_file;
  std::string listen;
  bool no_tls = false;
  bool detach = false;
  bool verbose = false;
};

std::string Banner(const System& system, const Config& config) {
  std::string text = "Aloft is up at " + system.url() + " (account " + system.account() + ", region " + config.region +
                     ").\n  data  " + config.data_directory + "\n";
  if (!system.ca_file().empty()) text += "  CA    " + system.ca_file() + "\n";
  const auto& first = system.bootstrap();
  if (first.created) {
    text +=
        "\nThis is the first start. The administrator's key, shown only now:\n"
        "  access key id      " +
        first.access_key_id +
        "\n"
        "  secret access key  " +
        first.secret +
        "\n"
        "\nNext: aloft configure --data " +
        config.data_directory + "\n";
  }
  return text;
}

void ApplyListen(const std::string& listen, Config& config) {
  if (listen.empty()) return;
  auto colon = listen.rfind(':');
  std::string port = colon == std::string::npos ? listen : listen.substr(colon + 1);
  if (colon != std::string::npos) config.address = listen.substr(0, colon);
  char* end = nullptr;
  unsigned long value = std::strtoul(port.c_str(), &end, 10);
  if (port.empty() || *end != '\0' || value > 65535) {
    throw CommandFailed{Fail(kInvalidArgument, "--listen takes ADDRESS:PORT or PORT, not '" + listen + "'")};
  }
  config.port = static_cast<std::uint16_t>(value);
}

// Keys lie in this process's memory: a crash must not write them into a file, nor let another process of the user read
// them.
void ForbidDumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// What requests took goes back to the system a while after it was needed, also where nothing is asked of the server any
// more: without the thread only further allocations would see to it.
void TuneMalloc() {
#ifdef ALOFT_JEMALLOC
  std::size_t threads = 1;
  bool on = true;
  mallctl("max_background_threads", nullptr, nullptr, &threads, sizeof threads);
  mallctl("background_thread", nullptr, nullptr, &on, sizeof on);
#endif
}

// Serves until SIGTERM or SIGINT; SIGHUP reads the certificate again. `ready` gets the banner.
int Serve(const Config& config, const std::function<void(const std::string&)>& ready) {
  TuneMalloc();
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread, so that all inherit it
  signal(SIGPIPE, SIG_IGN);
  ForbidDumps();

  Log log = Log::ToStderr(config.log_level, config.log_format);
  auto system = OrFail(System::Start(config, log));
  ready(Banner(*system, config));
  while (true) {
    int received = 0;
    sigwait(&signals, &received);
    if (received != SIGHUP) break;
    auto status = system->ReloadTls();
    status.ok() ? log.Info("certificate read again")
                : log.Error("certificate not read again, the old one stays", {{"error", Describe(status.error())}});
  }
  log.Info("stopping");
  system->Stop();
  return 0;
}

// Starts a background process that serves; returns when it is ready, or reports why it is not.
void ServeDetached(const Config& config) {
  const std::string log_file = config.data_directory + "/log/aloft.log";
  OrFail(os::MakeDirectories(config.data_directory + "/log", 0750));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw CommandFailed{SystemError("pipe2", errno)};
  pid_t child = fork();
  if (child < 0) throw CommandFailed{SystemError("fork", errno)};
  if (child == 0) {
    setsid();
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    auto report = [&](char mark, const std::string& text) {
      std::string message = mark + text;
      [[maybe_unused]] ssize_t written = write(ends[1], message.data(), message.size());
      close(ends[1]);
    };
    try {
      _exit(Serve(config, [&](const std::string& banner) { report('+', banner + "  log   " + log_file + "\n"); }));
    } catch (const CommandFailed& failure) {
      report('-', Describe(failure.error));
      _exit(1);
    }
  }
  close(ends[1]);
  std::string answer;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = read(ends[0], buffer, sizeof buffer)) > 0) answer.append(buffer, static_cast<std::size_t>(got));
  if (answer.empty() || answer[0] != '+') {
    throw CommandFailed{
        Fail(kInternal, answer.empty() ? "The server ended at its start; its log is " + log_file : answer.substr(1))};
  }
  std::fputs(answer.c_str() + 1, stdout);
  std::fputs("  stop  aloft stop --data ", stdout);
  std::printf("%s\n", config.data_directory.c_str());
}

void Up(const Options& options) {
  const char* faults = std::getenv("ALOFT_FAULTS");
  if (faults != nullptr && !ArmFaultPoints(faults)) {
    throw CommandFailed{Fail(kInvalidArgument, "ALOFT_FAULTS cannot be understood")};
  }
  Config config;
  if (!options.config_file.empty()) OrFail(ReadConfigFile(options.config_file, config));
  if (options.data) config.data_directory = *options.data;
  if (options.public_name) config.public_name = *options.public_name;
  if (options.region) config.region = *options.region;
  if (options.account) config.account = *options.account;
  if (options.postgres) config.postgres = *options.postgres;
  if (options.shared) config.shared_directory = *options.shared;
  if (options.environments) config.environments_directory = *options.environments;
  ApplyListen(options.listen, config);
  if (options.no_tls) config.tls = false;
  if (options.verbose) config.log_level = Log::Level::kDebug;
  OrFail(CompleteConfig(config));
  if (options.detach) {
    ServeDetached(config);
    return;
  }
  Serve(config, [](const std::string& banner) {
    std::fputs(banner.c_str(), stdout);
    std::fputs("  stop  Ctrl-C, or `aloft stop`\n", stdout);
    std::fflush(stdout);
  });
}

}  // namespace

void AddUp(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("up", "Run the server");
  command->add_option("--data", options->data,
                      "Where everything is kept (default: $ALOFT_DATA, /var/lib/aloft for root, ~/.local/share/aloft)");
  command->add_option("--listen", options->listen,
                      "ADDRESS:PORT or PORT; port 0 lets the kernel choose (default 127.0.0.1:9710)");
  command->add_option("--config", options->config_file, "A TOML file; flags win over it");
  command->add_option("--public-name", options->public_name, "How clients call this server; stands in its certificate");
  command->add_option("--region", options->region, "The region that it stands in (default us-east-1)");
  command->add_option("--account", options->account, "The account's 12 digits, at the first start (default: drawn)");
  command->add_option("--postgres", options->postgres,
                      "libpq connection string: keep records there instead of in files");
  command->add_option(
      "--shared", options->shared,
      "With --postgres: a directory that all replicas share, for large objects, the root key and the authority");
  command->add_option("--environments", options->environments,
                      "Where Python environments of jobs are kept (default: <data>/environments)");
  command->add_flag("--no-tls", options->no_tls, "Plain HTTP; for tests on one machine");
  command->add_flag("-d,--detach", options->detach, "Run in the background; the log goes to <data>/log/aloft.log");
  command->add_flag("-v,--verbose", options->verbose, "Log every request");
  command->footer(
      "Examples:\n"
      "  aloft up\n"
      "  aloft up -d --data /srv/aloft --listen 0.0.0.0:9710 --public-name ml.example.com\n"
      "  aloft up --listen 0 --data $(mktemp -d)");
  command->callback([options] { Up(*options); });
}

}  // namespace aloft::app
