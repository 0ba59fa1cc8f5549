#include "foundation/http/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <future>
#include <utility>

#include "foundation/http/loop_group.h"
#include "foundation/http/shard.h"
#include "foundation/http/tls.h"

namespace aloft::http {
namespace {

constexpr int kDiskThreads = 2;
constexpr std::size_t kMaxDiskReads = 4096;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> ParseAddress(const std::string& text, std::uint16_t port) {
  Address address;
  if (text.starts_with('/')) {
    auto& un = reinterpret_cast<sockaddr_un&>(address.storage);
    if (text.size() >= sizeof(un.sun_path))
      return Fail(kInvalidArgument, "The path of the socket is too long: " + text);
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, text.c_str(), text.size() + 1);
    address.size = sizeof(un);
    return address;
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.size = sizeof(v4);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    address.size = sizeof(v6);
  } else {
    return Fail(kInvalidArgument, "Listening needs an IPv4 or IPv6 address or the path of a socket, not " + text);
  }
  return address;
}

// A socket file that nobody listens on is what a killed server left behind.
Status RemoveStaleSocket(const std::string& path, const Address& address) {
  struct stat facts;
  if (::lstat(path.c_str(), &facts) != 0) return {};
  if (!S_ISSOCK(facts.st_mode)) return Fail(kInvalidArgument, path + " exists and is no socket");
  const os::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0)
    return Fail(kUnavailable, "Another process listens on " + path);
  ::unlink(path.c_str());
  return {};
}

Result<os::Fd> Listen(const Address& address, const std::string& name) {
  const int family = address.storage.ss_family;
  os::Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return SystemError("socket", errno);
  const int on = 1;
  if (family != AF_UNIX) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
      return SystemError("setsockopt SO_REUSEPORT", errno);
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 ||
      ::listen(fd.get(), 4096) != 0) {
    if (errno == EADDRINUSE) return Fail(kUnavailable, "Another process listens on " + name);
    return SystemError("listen on " + name, errno);
  }
  return fd;
}

class SocketServer final : public Server {
 public:
  SocketServer(ServerOptions options, Handler& handler, Log log, Metrics& metrics)
      : context_(std::make_shared<ServerContext>(std::move(options), handler, disk_, std::move(log), metrics)) {
    context_->on_drained = [this] {
      // Under the lock, so that a waiter cannot look, miss this, and then sleep.
      const std::lock_guard lock(drain_mutex_);
      drained_.notify_all();
    };
  }
  ~SocketServer() override { Stop(); }

  Status Open(std::unique_ptr<TlsIdentity> tls, const std::shared_ptr<IoThreads>& shared) {
    if (tls) ALOFT_TRY(ReloadTls(*tls));
    const ServerOptions& options = context_->options;
    const bool local = options.address.starts_with('/');
    ALOFT_ASSIGN(Address address, ParseAddress(options.address, options.port));
    if (local) ALOFT_TRY(RemoveStaleSocket(options.address, address));

    threads_ = LoopGroup::Of(shared, options.threads, "http");
    const std::size_t threads = threads_->loops().size();
    std::vector<os::Fd> listeners;
    // A Unix socket has one listener, whose shard gives connections to the others in turn.
    for (std::size_t i = 0; i < (local ? 1 : threads); ++i) {
      ALOFT_ASSIGN(os::Fd listener, Listen(address, Name()));
      if (local) {
        ::chmod(options.address.c_str(), 0600);
        socket_path_ = options.address;
      } else if (i == 0) {
        address.size = sizeof(address.storage);
        ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size);
        port_ = ntohs(reinterpret_cast<sockaddr_in&>(address.storage).sin_port);
      }
      listeners.push_back(std::move(listener));
    }
    for (const auto& loop : threads_->loops()) shards_.push_back(std::make_shared<Shard>(context_, loop));
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      auto give = local && threads > 1 ? MakeGiver() : nullptr;
      // std::function wants copies, so the descriptor travels as a number.
      shards_[i]->loop().Post([shard = shards_[i], fd = listeners[i].Release(), give = std::move(give)] {
        shard->Listen(os::Fd(fd), give);
      });
    }
    return {};
  }

  std::uint16_t port() const override { return port_; }

  Status ReloadTls(const TlsIdentity& tls) override {
    ALOFT_ASSIGN(SslContext context, MakeServerContext(tls));
    context_->set_tls(std::move(context));
    return {};
  }

  void Stop() override {
    const std::lock_guard stop(stop_mutex_);
    if (stopped_) return;
    stopped_ = true;
    context_->stopping = true;
    // First everyone stops accepting, so that a count of zero is final.
    for (const auto& shard : shards_) RunOn(*shard, [&shard] { shard->BeginDrain(); });
    {
      std::unique_lock lock(drain_mutex_);
      drained_.wait_for(lock, context_->options.drain_timeout,
                        [this] { return context_->connections.load(std::memory_order_acquire) == 0; });
    }
    for (const auto& shard : shards_) RunOn(*shard, [&shard] { shard->CloseAll(); });
    disk_.Stop();
    threads_.reset();  // joins them, where nobody shares them
    if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
  }

 private:
  std::string Name() const {
    const ServerOptions& options = context_->options;
    return options.address.starts_with('/') ? options.address : options.address + ":" + std::to_string(options.port);
  }

  static void RunOn(Shard& shard, const std::function<void()>& task) {
    std::promise<void> done;
    if (shard.loop().Post([&] {
          task();
          done.set_value();
        }))
      done.get_future().wait();
  }

  std::function<void(os::Fd, std::string)> MakeGiver() {
    auto turn = std::make_shared<std::size_t>(0);
    return [this, turn](os::Fd socket, std::string peer) {
      const auto& shard = shards_[(*turn)++ % shards_.size()];
      shard->loop().Run([shard, fd = socket.Release(), peer = std::move(peer)]() mutable {
        shard->Adopt(os::Fd(fd), std::move(peer));
      });
    };
  }

  os::ThreadPool disk_{"http-disk", kDiskThreads, kMaxDiskReads};
  const std::shared_ptr<ServerContext> context_;
  std::shared_ptr<LoopGroup> threads_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::uint16_t port_ = 0;
  std::string socket_path_;
  std::mutex drain_mutex_;
  std::condition_variable drained_;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, std::unique_ptr<TlsIdentity> tls, Handler& handler,
                                              Log log, Metrics& metrics) {
  // Not kept with the options: an exchange in a slow handler holds those, and must not be the one to end the threads.
  const auto shared = std::exchange(options.io_threads, nullptr);
  auto server = std::make_unique<SocketServer>(std::move(options), handler, std::move(log), metrics);
  ALOFT_TRY(server->Open(std::move(tls), shared));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace aloft::http
