// aloft-onnx-worker: serves the ONNX model below /opt/ml/model over HTTP on a Unix socket.
//
//   aloft-onnx-worker [--socket /run/aloft/worker.sock] [--base /opt/ml]
//   aloft-onnx-worker --socket ... --base ... --behind python.sock --says "why"
//
// With --behind it stands in for the Python worker that started it, and ends with it.
//
// Ends with status 1, and the reason in <base>/output/failure, where the model cannot be loaded.
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>

#include "foundation/os/file.h"
#include "services/serving/onnx_worker/stand_in.h"
#include "services/serving/onnx_worker/worker.h"

namespace aloft::onnx_worker {
namespace {

// model.onnx, or the only file of that kind.
Result<std::string> FindModel(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().filename() == "model.onnx") return entry.path().string();
    if (entry.path().extension() == ".onnx") found.push_back(entry.path().string());
  }
  if (found.size() == 1) return found[0];
  return Fail(kBadModel, "The model archive holds " + std::to_string(found.size()) +
                             " files *.onnx; it needs model.onnx, or exactly one");
}

std::string Gibibytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f GiB", static_cast<double>(bytes) / (1u << 30));
  return text;
}

// The weights take in memory at least what they take in the model's files. What cannot fit is refused before it makes
// others wait, or is ended by the kernel in the middle.
Status CheckMemory(const std::string& directory) {
  const char* text = std::getenv("ALOFT_WORKER_MEMORY");
  std::uint64_t limit = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  if (limit == 0) return {};
  limit = std::min(limit, static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                              static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  constexpr std::uint64_t kRuntime = 32u << 20;  // of ONNX Runtime and this program
  std::uint64_t needed = kRuntime;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    if (entry.is_regular_file(error)) needed += entry.file_size(error);
  }
  if (needed <= limit) return {};
  return Fail(kBadModel, "The model needs at least " + Gibibytes(needed) + " of memory, its instance has " +
                             Gibibytes(limit) + ": take a larger instance type");
}

int Threads() {
  const char* text = std::getenv("SAGEMAKER_MODEL_SERVER_WORKERS");
  int wanted = text == nullptr ? static_cast<int>(std::thread::hardware_concurrency()) : std::atoi(text);
  return std::clamp(wanted, 1, 16);
}

// What the model's owner wishes: the variables that this process was started with.
Result<batching::Settings> Settings() {
  std::map<std::string, std::string> variables;
  for (const char* name : {batching::kModeVariable, batching::kGoalVariable, batching::kMaxVariable}) {
    if (const char* text = std::getenv(name)) variables.emplace(name, text);
  }
  return batching::SettingsOf(variables);
}

// ONNX Runtime's builds since 1.29 report models and machines to their maker unless they are told not to, and spend a
// tenth of a second and some threads on it. The newer name first; before any thread begins.
void SendNothingHome() {
  ::setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  ::setenv("ORT_TELEMETRY_DISABLED", "1", 1);
}

struct Options {
  std::string socket = "/run/aloft/worker.sock", base = "/opt/ml";
  std::string behind, says;
};

// Answers on the socket until a signal of `ending` comes.
Status Listen(const std::string& socket, http::Handler& handler, Metrics& metrics, const sigset_t& ending) {
  http::ServerOptions options;
  options.address = socket;
  options.threads = Threads();
  options.drain_timeout = std::chrono::seconds(20);
  Log log = Log::ToStderr(Log::Level::kWarn, Log::Format::kText);
  ::unlink(socket.c_str());
  ALOFT_ASSIGN(std::unique_ptr<http::Server> server, http::Server::Start(options, nullptr, handler, log, metrics));
  int signal = 0;
  sigwait(&ending, &signal);
  server->Stop();
  return {};
}

Status Serve(const Options& chosen) {
  const std::string& base = chosen.base;
  // Taken before any thread begins, so that only the wait below gets them.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  ALOFT_ASSIGN(batching::Settings settings, Settings());
  auto start = std::chrono::steady_clock::now();
  ALOFT_ASSIGN(std::string path, FindModel(base + "/model"));
  ALOFT_TRY(CheckMemory(base + "/model"));
  ALOFT_ASSIGN(std::unique_ptr<OnnxModel> model, OnnxModel::Load(FindLibrary(), path));
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  std::cout << "model loaded in " << took.count() << " ms; ONNX Runtime " << model->runtime_version() << std::endl;

  Metrics metrics;
  SystemClock clock;
  // One thread more, so that bodies are decoded while all instances work.
  os::ThreadPool pool("predict", Threads() + 1, 256);
  Joiner joiner(*model, settings, Threads(), pool, clock);
  if (chosen.behind.empty()) {
    Worker worker(*model, joiner, pool, metrics);
    Status served = Listen(chosen.socket, worker, metrics, ending);
    pool.Stop();
    return served;
  }
  if (model->inputs().size() != 1 || model->inputs()[0].shape.size() != 2)
    return Fail(kBadModel, "A model that stands in has one input of rows");
  http::ClientOptions client_options;
  client_options.max_response_bytes = 1u << 30;
  ALOFT_ASSIGN(std::unique_ptr<http::Client> client, http::Client::Create(std::move(client_options)));
  StandIn stand_in(*model, joiner, pool, *client, chosen.behind, chosen.says);
  Status served = Listen(chosen.socket, stand_in, metrics, ending);
  pool.Stop();
  return served;
}

int Main(int argc, char** argv) {
  SendNothingHome();
  CLI::App app("Aloft's native worker for ONNX models");
  Options chosen;
  app.add_option("--socket", chosen.socket, "Unix socket to listen on");
  app.add_option("--base", chosen.base, "directory that holds model/ and output/");
  app.add_option("--behind", chosen.behind, "socket of the Python worker that this one stands in for");
  app.add_option("--says", chosen.says, "why it does");
  CLI11_PARSE(app, argc, argv);
  if (!chosen.behind.empty()) ::prctl(PR_SET_PDEATHSIG, SIGKILL);

  const std::string& base = chosen.base;
  Status status = Serve(chosen);
  if (status.ok()) return 0;
  std::cerr << "the model cannot be served: " << status.error().message << std::endl;
  std::error_code error;
  std::filesystem::create_directories(base + "/output", error);
  if (Status written = os::WriteFileDurably(base + "/output/failure", status.error().message); !written.ok()) {
    std::cerr << "the failure file cannot be written: " << Describe(written.error()) << std::endl;
  }
  return 1;
}

}  // namespace
}  // namespace aloft::onnx_worker

int main(int argc, char** argv) {
  return aloft::onnx_worker::Main(argc, argv);
}
