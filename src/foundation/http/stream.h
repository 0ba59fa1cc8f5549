// A non-blocking socket, plain or TLS, behind one set of verbs: try, and wait where it would block. Internal.
//
// TLS works on the socket directly (not through asio::ssl): no buffers while a connection is idle, one copy less, and
// one session type to compile.
#pragma once

#include <sys/uio.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "foundation/http/loop.h"
#include "foundation/http/tls.h"
#include "foundation/os/fd.h"

namespace aloft::http {

class Stream {
 public:
  enum class Io {
    kDone,       // `size` bytes moved
    kWantRead,   // wait until readable, then try again
    kWantWrite,  // wait until writable, then try again
    kEnd,        // the peer has sent its last byte
    kFailed,     // the connection is broken; close it
  };
  struct Moved {
    Io io;
    std::size_t size = 0;
  };

  // A connected (or connecting) non-blocking socket. `ssl`, where given, was made for its descriptor.
  Stream(Loop& loop, os::Fd socket, SslPtr ssl, SslContext context);
  ~Stream() { Close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool open() const { return descriptor_.has_value(); }
  bool tls() const { return ssl_ != nullptr; }
  // After the handshake; null where there is none.
  std::shared_ptr<const PeerCertificate> ReadPeer() { return ssl_ ? http::ReadPeer(ssl_.get()) : nullptr; }
  int fd() { return descriptor_->native_handle(); }

  Moved Handshake();
  Moved Read(std::span<char> out);
  // `more`: more bytes follow at once, so that the kernel may wait to fill a packet.
  Moved Write(std::span<const iovec> parts, bool more);
  // REQUIRES: !tls(). From the file's `offset`, without a copy in user space.
  Moved SendFile(int file, std::uint64_t offset, std::uint64_t size);
  // Reads from the socket below TLS, to throw it away.
  Moved DiscardRaw(std::span<char> out);
  // Looks whether the peer has sent something or has gone: kDone, kWantRead (nothing), kEnd, kFailed.
  Moved Peek();
  // True where TLS holds bytes that Read would return though the socket is silent.
  bool HasPending() const { return ssl_ && ::SSL_has_pending(ssl_.get()) == 1; }

  // `ready` runs on the loop, once. At most one wait of each kind.
  template <class Ready>
  void WaitReadable(Ready ready) {
    descriptor_->async_wait(boost::asio::posix::stream_descriptor::wait_read, Guard(std::move(ready)));
  }
  template <class Ready>
  void WaitWritable(Ready ready) {
    descriptor_->async_wait(boost::asio::posix::stream_descriptor::wait_write, Guard(std::move(ready)));
  }

  // Says "no more bytes" to the peer (close_notify, then FIN), reading goes on.
  void ShutdownWrite();
  // Waits that run are dropped without a call.
  void Close();
  // Why the handshake failed.
  const std::string& failure() const { return failure_; }

 private:
  template <class Ready>
  static auto Guard(Ready ready) {
    return [ready = std::move(ready)](const boost::system::error_code& error) mutable {
      if (error != boost::asio::error::operation_aborted) ready();
    };
  }
  Moved FromSsl(int result);

  std::optional<boost::asio::posix::stream_descriptor> descriptor_;
  SslContext context_;
  SslPtr ssl_;
  std::string failure_;
};

}  // namespace aloft::http
