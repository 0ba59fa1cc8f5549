#include "platform/compute/agent/host_link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "foundation/os/file.h"
#include "platform/compute/task_files.h"

namespace aloft::compute {
namespace {

constexpr std::size_t kMaxPacket = 65'536;
constexpr int kPatienceMillis = 200;  // with a peer that does not read; then the packet is dropped
constexpr std::uint8_t kNet[2] = {10, 55};

bool FillAddress(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  return true;
}

// The host that an IPv4 packet is for; -1: none of these.
int Destination(const char* packet, std::size_t size) {
  auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(packet[at]); };
  if (size < 20 || byte(0) >> 4 != 4 || byte(16) != kNet[0] || byte(17) != kNet[1]) return -1;
  return byte(18) * 256 + byte(19) - 1;
}

}  // namespace

std::string LinkAddress(int host) {
  return "10.55." + std::to_string((host + 1) / 256) + "." + std::to_string((host + 1) % 256);
}

Result<std::unique_ptr<HostLink>> HostLink::Open(const std::string& directory, int host, int hosts, os::Fd device) {
  ALOFT_TRY(os::MakeDirectories(directory, 0700));
  std::string path = directory + "/" + std::to_string(host);
  sockaddr_un address;
  if (!FillAddress(path, address)) return Fail(kInvalidArgument, path + " is too long a path for a Unix socket");
  os::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ::unlink(path.c_str());  // of an earlier agent of this task
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return SystemError("bind " + path, errno);
  os::Fd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return SystemError("eventfd", errno);
  return std::unique_ptr<HostLink>(
      new HostLink(directory, host, hosts, std::move(device), std::move(socket), std::move(stop)));
}

HostLink::HostLink(std::string directory, int host, int hosts, os::Fd device, os::Fd socket, os::Fd stop)
    : directory_(std::move(directory)),
      host_(host),
      device_(std::move(device)),
      socket_(std::move(socket)),
      stop_(std::move(stop)),
      peers_(static_cast<std::size_t>(hosts)),
      out_([this] { CarryOut(); }),
      in_([this] { CarryIn(); }) {}

HostLink::~HostLink() {
  ::eventfd_write(stop_.get(), 1);
  out_.join();
  in_.join();
  RemoveLink(directory_, host_);
}

// The device is read without blocking, the socket is waited for together with the wish to stop.
void HostLink::CarryOut() {
  std::vector<char> packet(kMaxPacket);
  for (;;) {
    pollfd waits[2] = {{device_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    ::poll(waits, 2, -1);
    if (waits[1].revents != 0) return;
    if ((waits[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return;  // the sandbox is gone
    ssize_t size = ::read(device_.get(), packet.data(), packet.size());
    if (size <= 0) continue;
    int host = Destination(packet.data(), static_cast<std::size_t>(size));
    if (host < 0 || host == host_ || host >= static_cast<int>(peers_.size())) continue;
    if (Send(host, packet.data(), static_cast<std::size_t>(size))) sent_ += static_cast<std::uint64_t>(size);
  }
}

bool HostLink::Send(int host, const char* packet, std::size_t size) {
  os::Fd& peer = peers_[static_cast<std::size_t>(host)];
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (!peer) {
      sockaddr_un address;
      os::Fd made(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      if (!made || !FillAddress(PathOf(host), address) ||
          ::connect(made.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return false;  // not there yet
      peer = std::move(made);
    }
    if (::send(peer.get(), packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != ENOBUFS) {
      peer.Reset();  // it came back under the same name, or is gone
      continue;
    }
    pollfd waits[2] = {{peer.get(), POLLOUT, 0}, {stop_.get(), POLLIN, 0}};
    ::poll(waits, 2, kPatienceMillis);
    if (waits[1].revents != 0) return false;
  }
  return false;
}

void HostLink::CarryIn() {
  std::vector<char> packet(kMaxPacket);
  for (;;) {
    pollfd waits[2] = {{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    ::poll(waits, 2, -1);
    if (waits[1].revents != 0) return;
    ssize_t size = ::recv(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (size <= 0) continue;
    received_ += static_cast<std::uint64_t>(size);
    // A full queue inside drops the packet, as a card would.
    static_cast<void>(!::write(device_.get(), packet.data(), static_cast<std::size_t>(size)));
  }
}

}  // namespace aloft::compute
