// The http room with handlers that do nothing: what is left is the cost of the room. Prints its port.
//
//   http-floor FILE [tls]      GET / -> "hello", POST / -> the body, GET /file -> FILE
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <string_view>
#include <utility>

#include "foundation/crypto/certificate.h"
#include "foundation/http/server.h"

namespace {

using namespace aloft;

class Floor final : public http::Handler {
 public:
  explicit Floor(const char* path) {
    if (path == nullptr) return;
    struct stat facts {};
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ::fstat(fd, &facts) != 0) return;
    file_ = std::make_shared<const int>(fd);
    size_ = static_cast<std::uint64_t>(facts.st_size);
  }

  void OnRequest(std::shared_ptr<http::Exchange> exchange) override {
    if (exchange->head().method == "POST") {
      exchange->ReadBody(16 << 20, [exchange](Result<std::string> body) {
        exchange->Reply({body.ok() ? 200 : 400, {}, body.ok() ? *std::move(body) : std::string()});
      });
    } else if (exchange->head().target == "/file") {
      exchange->Reply({200, {}, http::FileBody{file_, 0, size_}});
    } else {
      exchange->Reply({200, {{"Content-Type", "text/plain"}}, std::string("hello")});
    }
  }

 private:
  std::shared_ptr<const int> file_;
  std::uint64_t size_ = 0;
};

std::unique_ptr<http::TlsIdentity> MakeIdentity() {
  const Time now = SystemClock().Now();
  const auto ca = crypto::MakeAuthority("bench", now, std::chrono::hours(24));
  const auto pair = crypto::MakeServerCertificate(ca.value(), {"localhost", "127.0.0.1"}, now, std::chrono::hours(24));
  return std::make_unique<http::TlsIdentity>(http::TlsIdentity{pair->certificate_pem, pair->key_pem});
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  Floor floor(argc > 1 ? argv[1] : nullptr);
  Metrics metrics;
  const bool tls = argc > 2 && std::string_view(argv[2]) == "tls";
  const Log log = Log::ToStderr(Log::Level::kWarn, Log::Format::kText);
  const auto server = http::Server::Start({}, tls ? MakeIdentity() : nullptr, floor, log, metrics);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", Describe(server.error()).c_str());
    return 1;
  }
  std::printf("%u\n", (*server)->port());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&signals, &signal);
  return 0;
}
