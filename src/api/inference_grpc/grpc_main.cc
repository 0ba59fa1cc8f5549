// aloft-grpc: the Open Inference Protocol over gRPC, in front of an Aloft server.
//
//   aloft-grpc --server https://127.0.0.1:9710 --ca-file <data>/tls/ca.pem [--listen 127.0.0.1:9711]
//              [--certificate cert.pem --key key.pem]
//
// Plain text only on the loopback. Prints one line once it listens; ends at SIGTERM.
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "api/inference_grpc/door.h"
#include "foundation/os/file.h"

namespace aloft::inference_grpc {
namespace {

constexpr std::uint16_t kDefaultPort = 9710;

// "https://host:port"
Result<http::Destination> ParseServer(std::string_view url) {
  http::Destination server;
  server.tls = url.starts_with("https://");
  if (!server.tls && !url.starts_with("http://")) return Fail(kInvalidArgument, "--server needs http:// or https://");
  std::string_view rest = url.substr(url.find("//") + 2);
  rest = rest.substr(0, rest.find('/'));
  std::size_t colon = rest.rfind(':');
  server.host = rest.substr(0, colon);
  server.port = kDefaultPort;
  if (colon != std::string_view::npos) {
    int port = std::atoi(std::string(rest.substr(colon + 1)).c_str());
    if (port < 1 || port > 65535) return Fail(kInvalidArgument, "--server has no port between 1 and 65535");
    server.port = static_cast<std::uint16_t>(port);
  }
  if (server.host.empty()) return Fail(kInvalidArgument, "--server names no host");
  return server;
}

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("localhost:") || address.starts_with("[::1]:");
}

struct Arguments {
  std::string server = "https://127.0.0.1:9710", ca_file, listen = "127.0.0.1:9711", certificate, key;
};

Status Serve(const Arguments& arguments) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  DoorOptions options;
  options.address = arguments.listen;
  ALOFT_ASSIGN(options.server, ParseServer(arguments.server));
  if (arguments.certificate.empty() != arguments.key.empty()) {
    return Fail(kInvalidArgument, "--certificate and --key belong together");
  }
  if (arguments.certificate.empty() && !IsLoopback(arguments.listen)) {
    return Fail(kInvalidArgument, "tokens never travel in plain text: outside of the loopback --certificate is needed");
  }
  if (!arguments.certificate.empty()) {
    ALOFT_ASSIGN(options.certificate_pem, os::ReadFile(arguments.certificate));
    ALOFT_ASSIGN(options.key_pem, os::ReadFile(arguments.key));
  }
  http::ClientOptions client_options;
  if (!arguments.ca_file.empty()) {
    ALOFT_ASSIGN(client_options.ca_pem, os::ReadFile(arguments.ca_file));
  }
  client_options.max_connections_per_destination = 128;
  ALOFT_ASSIGN(std::unique_ptr<http::Client> client, http::Client::Create(std::move(client_options)));
  ALOFT_ASSIGN(std::unique_ptr<Door> door, Door::Open(options, *client));
  std::cout << "gRPC is served at " << arguments.listen.substr(0, arguments.listen.rfind(':')) << ":" << door->port()
            << std::endl;
  int signal = 0;
  sigwait(&ending, &signal);
  door->Stop();
  return {};
}

int Main(int argc, char** argv) {
  CLI::App app("The Open Inference Protocol over gRPC, in front of an Aloft server");
  Arguments arguments;
  app.add_option("--server", arguments.server, "URL of the Aloft server")->capture_default_str();
  app.add_option("--ca-file", arguments.ca_file, "PEM file that vouches for the server; default: the system's");
  app.add_option("--listen", arguments.listen, "host:port; port 0 lets the kernel choose")->capture_default_str();
  app.add_option("--certificate", arguments.certificate, "PEM chain for clients");
  app.add_option("--key", arguments.key, "PEM key of it");
  CLI11_PARSE(app, argc, argv);
  Status status = Serve(arguments);
  if (status.ok()) return 0;
  std::cerr << "aloft-grpc: " << status.error().message << std::endl;
  return 1;
}

}  // namespace
}  // namespace aloft::inference_grpc

int main(int argc, char** argv) {
  return aloft::inference_grpc::Main(argc, argv);
}
