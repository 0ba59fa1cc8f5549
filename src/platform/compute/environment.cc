#include "platform/compute/environment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <thread>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/fd.h"
#include "foundation/os/file.h"
#include "foundation/os/process.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

constexpr char kComplete[] = "/.aloft-complete";  // written last; holds the versions, one per line

// "Scikit_Learn" and "scikit-learn" are one package.
std::string Normalise(std::string_view name) {
  std::string text = ToLower(name);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '_' || c == '.'; }, '-');
  return text;
}

// The packages a file asks for by name: those above its line "# -- dependencies".
std::vector<std::string> NamedPackages(std::string_view requirements) {
  std::vector<std::string> names;
  for (std::string_view line : Split(requirements, '\n')) {
    line = Trim(line);
    if (line.starts_with("# -- dependencies")) break;
    if (line.empty() || line[0] == '#' || line[0] == '-') continue;
    names.push_back(Normalise(line.substr(0, line.find_first_of("=<>~![; "))));
  }
  return names;
}

// Whether the packages are the distribution's own: the file says "# -- system <how to install them>".
std::optional<std::string> SystemPackagesHint(std::string_view requirements) {
  for (std::string_view line : Split(requirements, '\n'))
    if (line.starts_with("# -- system")) return std::string(Trim(line.substr(sizeof("# -- system") - 1)));
  return std::nullopt;
}

// Prints "name version" of each, on one line with semicolons; fails with the name of one that is not there.
std::string VersionsProgram(const std::vector<std::string>& packages) {
  std::string list;
  for (const std::string& package : packages) list += "'" + package + "',";
  return "import importlib.metadata as m, sys\n"
         "try: print(';'.join(n + ' ' + m.version(n) for n in (" +
         list +
         ")))\n"
         "except m.PackageNotFoundError as e: print(e); sys.exit(1)";
}

std::map<std::string, std::string> InstalledVersions(const std::string& environment) {
  std::map<std::string, std::string> versions;
  std::error_code error;
  for (const auto& python : fs::directory_iterator(environment + "/lib", error)) {
    std::error_code inner;
    for (const auto& entry : fs::directory_iterator(python.path() / "site-packages", inner)) {
      std::string name = entry.path().filename();
      if (!name.ends_with(".dist-info")) continue;
      name.resize(name.size() - 10);
      if (auto dash = name.rfind('-'); dash != std::string::npos)
        versions[Normalise(name.substr(0, dash))] = name.substr(dash + 1);
    }
  }
  return versions;
}

// The server's variables that an installer needs to reach its index.
std::map<std::string, std::string> InstallerVariables(const std::string& home) {
  std::map<std::string, std::string> variables{
      {"PATH", "/usr/bin:/bin"}, {"HOME", home}, {"LANG", "C.UTF-8"}, {"PIP_DISABLE_PIP_VERSION_CHECK", "1"}};
  for (char** variable = environ; *variable; ++variable) {
    std::string_view text = *variable;
    std::size_t equals = text.find('=');
    std::string name(text.substr(0, equals));
    if (name.starts_with("PIP_") || ToLower(name).ends_with("_proxy") || name == "SSL_CERT_FILE")
      variables[name] = text.substr(equals + 1);
  }
  return variables;
}

}  // namespace

Environments::Environments(std::string directory, std::string runtime_directory, std::string python)
    : directory_(std::move(directory)), runtime_directory_(std::move(runtime_directory)), python_(std::move(python)) {}

Result<Environment> Environments::Find(const std::string& name) const {
  ALOFT_ASSIGN(std::string requirements, os::ReadFile(runtime_directory_ + "/environments/" + name + ".txt"));
  std::error_code error;
  std::string interpreter = fs::canonical(python_, error);  // python3 -> python3.11
  Environment environment;
  environment.path = directory_ + "/" + name + "-" +
                     crypto::Sha256Hex("1\n" + interpreter + "\n" + directory_ + "\n" + requirements).substr(0, 12);
  auto versions = os::ReadFile(environment.path + kComplete);
  if (!versions.ok()) return environment;
  environment.ready = true;
  for (std::string_view line : Split(*versions, '\n'))
    if (!line.empty()) environment.versions.emplace_back(line);
  return environment;
}

Result<Environment> Environments::Ensure(const std::string& name, const std::function<void(std::string_view)>& progress,
                                         const std::function<bool()>& cancelled) const {
  ALOFT_ASSIGN(Environment environment, Find(name));
  if (environment.ready) return environment;
  ALOFT_TRY(os::MakeDirectories(directory_, 0755));
  std::string lock_path = environment.path + ".lock";
  os::Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock) return SystemError("open " + lock_path, errno);
  bool waited = false;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (cancelled()) return Fail(kCancelled, "stopped while another task makes the environment " + name);
    if (!waited) progress("Another task is making the environment " + name + "; waiting for it.");
    waited = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ALOFT_ASSIGN(environment, Find(name));
  if (!environment.ready) ALOFT_TRY(Make(name, environment, lock.get(), progress, cancelled));
  return Find(name);
}

Status Environments::Make(const std::string& name, const Environment& environment, int lock,
                          const std::function<void(std::string_view)>& progress,
                          const std::function<bool()>& cancelled) const {
  std::string file = runtime_directory_ + "/environments/" + name + ".txt";
  ALOFT_ASSIGN(std::string requirements, os::ReadFile(file));
  std::vector<std::string> packages = NamedPackages(requirements);
  std::error_code error;
  fs::remove_all(environment.path, error);  // what an interrupted attempt left
  if (!packages.empty()) progress("Making the environment " + name + " (once; later tasks find it ready).");

  std::string last;
  auto run = [&](std::vector<std::string> argv) -> Status {
    os::CommandOptions options;
    options.argv = std::move(argv);
    options.variables = InstallerVariables(environment.path);
    options.deadline = std::chrono::minutes(30);
    options.held = lock;
    options.output = [&](std::string_view line) {
      last = line;
      if (line.starts_with("Collecting ") || line.starts_with("Downloading ") || line.starts_with("Installing ") ||
          line.starts_with("ERROR"))
        progress(line);
    };
    options.cancelled = cancelled;
    auto result = os::RunCommand(options);
    if (!result.ok()) return std::move(result).error();
    if (result->exit_code != 0)
      return Fail(kUnavailable, "the environment " + name + " could not be made: " + last,
                  "exit code " + std::to_string(result->exit_code));
    return {};
  };
  std::optional<std::string> system = SystemPackagesHint(requirements);
  std::vector<std::string> make{python_, "-m", "venv"};
  if (packages.empty() || system) make.push_back("--without-pip");
  if (system) make.push_back("--system-site-packages");
  make.push_back(environment.path);
  std::string python = environment.path + "/bin/python";
  Status made = run(make);
  std::string found_in_system;
  if (made.ok() && system) {
    made = run({python, "-c", VersionsProgram(packages)});
    if (!made.ok())
      made = Fail(kUnavailable, "the environment " + name + " needs packages of this system: " + last + ". " + *system);
    else
      found_in_system = last;
  } else if (made.ok() && !packages.empty()) {
    made = run({python, "-m", "pip", "install", "--no-input", "--no-cache-dir", "-r", file});
  }
  std::string versions;
  if (made.ok()) made = run({python, "-c", "import sys; print('Python %d.%d.%d' % sys.version_info[:3])"});
  if (!made.ok()) {
    fs::remove_all(environment.path, error);
    return made;
  }
  versions = last + "\n";
  auto installed = InstalledVersions(environment.path);
  for (const std::string& package : packages)
    if (auto found = installed.find(package); found != installed.end() && !system)
      versions += package + " " + found->second + "\n";
  for (std::string_view package : Split(found_in_system, ';'))
    if (!package.empty()) versions += std::string(package) + "\n";
  // Tasks run as other users.
  ::chmod(environment.path.c_str(), 0755);
  return os::WriteFileDurably(environment.path + kComplete, versions, 0644);
}

}  // namespace aloft::compute
