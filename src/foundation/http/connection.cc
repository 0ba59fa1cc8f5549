#include "foundation/http/connection.h"

#include <algorithm>
#include <utility>

#include "foundation/http/encode.h"
#include "foundation/http/errors.h"
#include "foundation/http/exchange.h"

namespace aloft::http {
namespace {

// Requests of one connection that are answered at once, before the others of its thread have their turn.
constexpr int kRequestsPerTurn = 16;

}  // namespace

Connection::Connection(std::shared_ptr<Shard> shard, os::Fd socket, SslPtr ssl, SslContext context, std::string peer)
    : shard_(std::move(shard)),
      stream_(shard_->loop(), std::move(socket), std::move(ssl), std::move(context)),
      peer_(std::move(peer)) {}

void Connection::Start() {
  self_ = shared_from_this();
  shard_->Add(*this);
  shard_->loop().Arm(*this, shard_->context().options.head_timeout);
  Handshake();
}

void Connection::Drain() {
  const auto self = shared_from_this();
  if (phase_ == Phase::kHandshake || phase_ == Phase::kLinger) return Close();
  if (phase_ != Phase::kHead) return;
  // A request that is on its way is still answered.
  in_.may_read = true;
  ReadHeads();
  if (phase_ == Phase::kHead && in_.bytes.empty()) Close();
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  const auto self = std::move(self_);
  const bool waiting = phase_ == Phase::kExchange;
  if (waiting || phase_ == Phase::kReply) shard_->context().metrics.in_flight.Add(-1);
  phase_ = Phase::kClosed;
  shard_->loop().Disarm(*this);
  stream_.Close();
  shard_->Remove(*this);
  // Moved out first: what they hold may come back here.
  const auto source = writer_.source();
  writer_.DropBody();
  const auto sink = std::move(sink_);
  const auto aborted = std::exchange(aborted_, nullptr);
  if (waiting) {
    if (sink) sink->OnAbort(Fail(kPeerClosed, "The connection closed before the request's body ended"));
    if (aborted) aborted();
  }
}

void Connection::OnTimer() {
  const auto self = shared_from_this();
  switch (phase_) {
    case Phase::kHead: return in_.bytes.empty() ? Close() : Refuse(408, "The request's head did not come in time");
    case Phase::kExchange:
      // While the handler thinks there is no deadline; only a body that was asked for has one.
      if (sink_ && sink_wants_) FailBody(Fail(kPeerTooSlow, "The request's body did not come in time"));
      return;
    case Phase::kReply:
      if (write_waiting_) Close();
      return;
    default: return Close();
  }
}

void Connection::ArmRead() {
  if (read_waiting_ || !stream_.open()) return;
  read_waiting_ = true;
  stream_.WaitReadable([self = shared_from_this()] {
    self->read_waiting_ = false;
    self->OnReadable();
  });
}

void Connection::ArmWrite() {
  if (write_waiting_ || !stream_.open()) return;
  write_waiting_ = true;
  stream_.WaitWritable([self = shared_from_this()] {
    self->write_waiting_ = false;
    self->OnWritable();
  });
}

void Connection::OnReadable() {
  in_.may_read = true;
  switch (phase_) {
    case Phase::kHandshake: return Handshake();
    case Phase::kHead: return ReadHeads();
    case Phase::kExchange:
      if (sink_ && sink_wants_) return PumpBody();
      return ProbePeer();
    case Phase::kReply: return PumpReply();  // TLS may have waited for the peer's bytes
    case Phase::kDiscard: return DiscardBody();
    case Phase::kLinger: return Linger();
    case Phase::kClosed: return;
  }
}

void Connection::OnWritable() {
  switch (phase_) {
    case Phase::kReply: return PumpReply();
    case Phase::kClosed: return;
    case Phase::kExchange: FlushInterim(); [[fallthrough]];
    default: return OnReadable();  // TLS may need to write in order to read
  }
}

void Connection::Handshake() {
  const Stream::Moved moved = stream_.Handshake();
  switch (moved.io) {
    case Stream::Io::kDone:
      certificate_ = stream_.ReadPeer();
      phase_ = Phase::kHead;
      AwaitHead();
      // A plain connection that was just accepted rarely has bytes yet; TLS may have read ahead.
      in_.may_read = stream_.tls();
      return ReadHeads();
    case Stream::Io::kWantRead: return ArmRead();
    case Stream::Io::kWantWrite: return ArmWrite();
    default:
      shard_->context().log.Debug("TLS handshake failed", {{"peer", peer_}, {"why", stream_.failure()}});
      return Close();
  }
}

void Connection::AwaitHead() {
  phase_ = Phase::kHead;
  scanner_.Reset();
  // Thousands of idle connections must not keep buffers.
  if (in_.bytes.empty() && in_.bytes.capacity() > 1024) std::string().swap(in_.bytes);
  writer_.Shrink();
  shard_->MarkIdle(*this);
  shard_->loop().Arm(*this, shard_->context().options.idle_timeout);
}

void Connection::ReadHeads() {
  if (reading_heads_) return;  // a handler replied at once: the loop below goes on
  const auto self = shared_from_this();
  reading_heads_ = true;
  int turn = 0;
  while (phase_ == Phase::kHead && turn++ < kRequestsPerTurn && TakeHead()) {
  }
  reading_heads_ = false;
  if (phase_ == Phase::kHead && turn > kRequestsPerTurn)
    shard_->loop().Post([self] {
      if (self->phase_ == Phase::kHead) self->ReadHeads();
    });
}

// True where it came to a request or an end; false where the rest must be waited for.
bool Connection::TakeHead() {
  if (!in_.bytes.empty() && TakeHeadFrom(in_.bytes)) return true;
  while (in_.may_read) {
    const std::span<char> scratch =
        shard_->loop().scratch().first(std::min(shard_->context().options.max_head_bytes, Loop::kScratch));
    const Stream::Moved moved = stream_.Read(scratch);
    if (moved.io == Stream::Io::kWantWrite) {
      ArmWrite();
      return false;
    }
    if (moved.io == Stream::Io::kWantRead) break;
    if (moved.io != Stream::Io::kDone) {
      Close();
      return true;
    }
    shard_->context().metrics.bytes_received.Increment(moved.size);
    in_.may_read = moved.size == scratch.size() || stream_.HasPending();
    const std::string_view bytes(scratch.data(), moved.size);
    if (in_.bytes.empty()) {
      if (TakeHeadFrom(bytes)) return true;
      in_.bytes.assign(bytes);
    } else {
      in_.bytes.append(bytes);
      if (TakeHeadFrom(in_.bytes)) return true;
    }
    shard_->loop().Arm(*this, shard_->context().options.head_timeout);
  }
  in_.may_read = false;
  if (shard_->draining() && in_.bytes.empty())
    Close();
  else
    ArmRead();
  return false;
}

// `bytes` is all that has come of this head; in_ itself, or bytes in the scratch while in_ is empty.
bool Connection::TakeHeadFrom(std::string_view bytes) {
  // RFC 9112, 2.2: an empty line before a request is ignored.
  const std::size_t skip = bytes.starts_with("\r\n") ? 2 : 0;
  if (bytes == "\r") return false;
  const std::string_view head = bytes.substr(skip);
  const auto verdict = scanner_.Scan(head);
  if (verdict == HeadScanner::Verdict::kBad) {
    Refuse(400, "This is no HTTP/1.1 request");
    return true;
  }
  const std::size_t limit = shard_->context().options.max_head_bytes;
  if (verdict == HeadScanner::Verdict::kMore) {
    if (head.size() < limit) return false;
    Refuse(431, "The request's head is too large");
    return true;
  }
  if (scanner_.head_size() > limit) {
    Refuse(431, "The request's head is too large");
    return true;
  }
  Dispatch(head.substr(0, scanner_.head_size()), head.substr(scanner_.head_size()));
  return true;
}

void Connection::Dispatch(std::string_view head, std::string_view rest) {
  ServerContext& context = shard_->context();
  ParsedRequest request;
  if (const auto error = ParseRequestHead(head, request)) return Refuse(error->status, error->why);
  // `rest` may lie in in_ or in the scratch; from here on it lies in in_.
  if (!in_.bytes.empty())
    in_.bytes.erase(0, static_cast<std::size_t>(rest.data() - in_.bytes.data()));
  else if (!rest.empty())
    in_.bytes.assign(rest);

  phase_ = Phase::kExchange;
  shard_->MarkBusy(*this);
  ++serial_;
  started_ = std::chrono::steady_clock::now();
  keep_alive_ = request.keep_alive;
  head_only_ = request.head.method == "HEAD";
  expects_continue_ = request.expect_continue;
  minor_version_ = request.minor_version;
  if (request.head.content_length < 0)
    body_.StartChunked();
  else
    body_.StartLength(request.head.content_length);
  request.head.peer_address = peer_;
  request.head.tls = stream_.tls();
  context.metrics.in_flight.Add(1);
  context.handler.OnRequest(
      std::make_shared<ServerExchange>(shared_from_this(), serial_, std::move(request.head), certificate_));
  // The handler thinks: notice if the peer goes away meanwhile.
  if (phase_ == Phase::kExchange && !sink_ && !peer_gone_) ArmRead();
}

void Connection::Refuse(int status, std::string_view why) {
  // Answered as if a handler had done it; what follows on the connection cannot be trusted.
  phase_ = Phase::kExchange;
  shard_->MarkBusy(*this);
  ++serial_;
  started_ = std::chrono::steady_clock::now();
  shard_->context().metrics.in_flight.Add(1);
  keep_alive_ = false;
  head_only_ = false;
  minor_version_ = 1;
  framing_lost_ = true;
  Response response{status, {{"Content-Type", "text/plain"}}, std::string(why) + "\n"};
  StartReply(std::move(response));
}

void Connection::ProbePeer() {
  if (peer_gone_ || !body_.done() || !in_.bytes.empty()) return;  // unread bytes hide what follows them
  const Stream::Moved moved = stream_.Peek();
  switch (moved.io) {
    case Stream::Io::kDone: return;  // a pipelined request; it waits
    case Stream::Io::kWantRead: in_.may_read = false; return ArmRead();
    case Stream::Io::kWantWrite: return;
    case Stream::Io::kEnd: return OnPeerGone();
    case Stream::Io::kFailed: return Close();
  }
}

void Connection::OnPeerGone() {
  // Perhaps it has only closed its half and still listens: a reply is tried, but nobody should work on for it.
  peer_gone_ = true;
  keep_alive_ = false;
  if (const auto aborted = std::exchange(aborted_, nullptr)) aborted();
}

void Connection::WatchAbort(std::uint64_t serial, std::function<void()> aborted) {
  if (!shard_->loop().InThread()) {
    shard_->loop().Post([self = shared_from_this(), serial, aborted = std::move(aborted)]() mutable {
      self->WatchAbort(serial, std::move(aborted));
    });
    return;
  }
  if (serial != serial_) return;
  if (phase_ == Phase::kClosed || (phase_ == Phase::kExchange && peer_gone_)) return aborted();
  if (phase_ == Phase::kExchange) aborted_ = std::move(aborted);
}

}  // namespace aloft::http
