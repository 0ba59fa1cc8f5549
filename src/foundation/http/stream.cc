#include "foundation/http/stream.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace aloft::http {
namespace {

constexpr std::size_t kTlsRecord = 16 * 1024;

Stream::Moved FromErrno(Stream::Io would_block) {
  return {errno == EAGAIN || errno == EWOULDBLOCK ? would_block : Stream::Io::kFailed};
}

}  // namespace

Stream::Stream(Loop& loop, os::Fd socket, SslPtr ssl, SslContext context)
    : descriptor_(std::in_place, loop.context(), socket.Release()),
      context_(std::move(context)),
      ssl_(std::move(ssl)) {}

Stream::Moved Stream::FromSsl(int result) {
  if (result > 0) return {Io::kDone, static_cast<std::size_t>(result)};
  switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return {Io::kWantRead};
    case SSL_ERROR_WANT_WRITE: return {Io::kWantWrite};
    case SSL_ERROR_ZERO_RETURN: return {Io::kEnd};
    default:
      if (const auto verified = ::SSL_get_verify_result(ssl_.get()); verified != X509_V_OK)
        failure_ = ::X509_verify_cert_error_string(verified);
      else
        failure_ = TakeSslErrors();
      ::ERR_clear_error();
      return {Io::kFailed};
  }
}

Stream::Moved Stream::Handshake() {
  if (!ssl_) return {Io::kDone};
  ::ERR_clear_error();
  return FromSsl(::SSL_do_handshake(ssl_.get()));
}

Stream::Moved Stream::Read(std::span<char> out) {
  if (ssl_) {
    ::ERR_clear_error();
    std::size_t total = 0;
    // Record by record, so that a large body moves in large pieces.
    while (total < out.size()) {
      const auto size = static_cast<int>(std::min<std::size_t>(out.size() - total, 1u << 30));
      const Moved moved = FromSsl(::SSL_read(ssl_.get(), out.data() + total, size));
      if (moved.io != Io::kDone) return total > 0 ? Moved{Io::kDone, total} : moved;
      total += moved.size;
    }
    return {Io::kDone, total};
  }
  return DiscardRaw(out);
}

Stream::Moved Stream::DiscardRaw(std::span<char> out) {
  for (;;) {
    const ssize_t got = ::recv(fd(), out.data(), out.size(), 0);
    if (got > 0) return {Io::kDone, static_cast<std::size_t>(got)};
    if (got == 0) return {Io::kEnd};
    if (errno != EINTR) return FromErrno(Io::kWantRead);
  }
}

Stream::Moved Stream::Write(std::span<const iovec> parts, bool more) {
  if (ssl_) {
    ::ERR_clear_error();
    // A head and the start of its body go in one record. The same parts make the same record when a write is tried
    // again, as OpenSSL demands.
    char record[kTlsRecord];
    std::size_t total = 0;
    for (std::size_t i = 0; parts.size() > 1 && i < parts.size(); ++i) {
      const std::size_t size = std::min(parts[i].iov_len, kTlsRecord - total);
      std::memcpy(record + total, parts[i].iov_base, size);
      total += size;
    }
    if (total > 0) return FromSsl(::SSL_write(ssl_.get(), record, static_cast<int>(total)));
    const auto size = static_cast<int>(std::min<std::size_t>(parts.front().iov_len, 1u << 30));
    return FromSsl(::SSL_write(ssl_.get(), parts.front().iov_base, size));
  }
  for (;;) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg does not write to it
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (sent >= 0) return {Io::kDone, static_cast<std::size_t>(sent)};
    if (errno != EINTR) return FromErrno(Io::kWantWrite);
  }
}

Stream::Moved Stream::SendFile(int file, std::uint64_t offset, std::uint64_t size) {
  auto position = static_cast<off_t>(offset);
  for (;;) {
    const ssize_t sent =
        ::sendfile(fd(), file, &position, static_cast<std::size_t>(std::min<std::uint64_t>(size, 1u << 30)));
    if (sent > 0) return {Io::kDone, static_cast<std::size_t>(sent)};
    if (sent == 0) return {Io::kEnd};  // the file is shorter than was promised
    if (errno != EINTR) return FromErrno(Io::kWantWrite);
  }
}

Stream::Moved Stream::Peek() {
  char byte;
  if (ssl_) {
    ::ERR_clear_error();
    return FromSsl(::SSL_peek(ssl_.get(), &byte, 1));
  }
  for (;;) {
    const ssize_t got = ::recv(fd(), &byte, 1, MSG_PEEK);
    if (got > 0) return {Io::kDone, 1};
    if (got == 0) return {Io::kEnd};
    if (errno != EINTR) return FromErrno(Io::kWantRead);
  }
}

void Stream::ShutdownWrite() {
  if (!open()) return;
  if (ssl_ && ::SSL_is_init_finished(ssl_.get()) == 1) {
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    ::ERR_clear_error();
  }
  ::shutdown(fd(), SHUT_WR);
}

void Stream::Close() {
  // Destroying the descriptor cancels its waits; their handlers then see operation_aborted, or are never run.
  ssl_.reset();
  descriptor_.reset();
}

}  // namespace aloft::http
