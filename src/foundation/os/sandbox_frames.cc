#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "foundation/os/sandbox_init.h"

namespace aloft::os::internal {
namespace {

constexpr std::size_t kMaxDescriptors = 64;
constexpr std::uint32_t kMaxPayload = 16u << 20;

bool SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool ReceiveAll(int socket, char* out, std::size_t size) {
  while (size > 0) {
    ssize_t got = ::recv(socket, out, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

bool SendFrame(int socket, char kind, std::string_view payload, const std::vector<int>& descriptors) {
  char head[5] = {kind};
  auto length = static_cast<std::uint32_t>(payload.size());
  std::memcpy(head + 1, &length, sizeof length);
  // Descriptors go with the first byte; the rest follows as plain bytes.
  iovec part{head, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    if (descriptors.size() > kMaxDescriptors) return false;
    message.msg_control = space;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* control = CMSG_FIRSTHDR(&message);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(control), descriptors.data(), sizeof(int) * descriptors.size());
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == 1 && SendAll(socket, {head + 1, 4}) && SendAll(socket, payload);
}

std::optional<Frame> ReceiveFrame(int socket) {
  Frame frame;
  iovec part{&frame.kind, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  ssize_t got = 0;
  do got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got != 1) return std::nullopt;
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control; control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof fd);
      frame.descriptors.emplace_back(fd);
    }
  }
  std::uint32_t length = 0;
  if (!ReceiveAll(socket, reinterpret_cast<char*>(&length), sizeof length) || length > kMaxPayload) return std::nullopt;
  frame.payload.resize(length);
  if (!ReceiveAll(socket, frame.payload.data(), length)) return std::nullopt;
  return frame;
}

std::string JoinStrings(const std::vector<std::string>& strings) {
  std::string payload;
  for (const auto& text : strings) payload.append(text).push_back('\0');
  return payload;
}

std::vector<std::string> SplitStrings(std::string_view payload) {
  std::vector<std::string> strings;
  while (!payload.empty()) {
    std::size_t end = std::min(payload.find('\0'), payload.size());
    strings.emplace_back(payload.substr(0, end));
    payload.remove_prefix(std::min(payload.size(), end + 1));
  }
  return strings;
}

}  // namespace aloft::os::internal
