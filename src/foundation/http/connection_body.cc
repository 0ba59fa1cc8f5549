// How a connection feeds a request's body to its sink, or gets rid of it.
#include <algorithm>
#include <utility>

#include "foundation/http/connection.h"
#include "foundation/http/errors.h"

namespace aloft::http {
namespace {

constexpr std::chrono::seconds kLingerTime{5};

}  // namespace

void Connection::BeginBody(std::uint64_t serial, std::shared_ptr<BodySink> sink, std::uint64_t limit) {
  if (!shard_->loop().InThread()) {
    // Where the server has stopped the task is dropped, and with it the sink.
    shard_->loop().Post([self = shared_from_this(), serial, sink = std::move(sink), limit]() mutable {
      self->BeginBody(serial, std::move(sink), limit);
    });
    return;
  }
  const auto self = shared_from_this();
  if (phase_ == Phase::kClosed) return sink->OnAbort(Fail(kPeerClosed, "The connection is closed"));
  if (phase_ != Phase::kExchange || serial != serial_ || sink_) return;
  if (const auto left = body_.left(); left && static_cast<std::uint64_t>(*left) > limit) {
    keep_alive_ = false;
    return sink->OnAbort(Fail(kBodyTooLarge, "The request's body is too large"));
  }
  sink_ = std::move(sink);
  sink_limit_ = limit;
  sink_taken_ = 0;
  sink_wants_ = true;
  if (std::exchange(expects_continue_, false) && in_.bytes.empty()) {
    writer_.head().append("HTTP/1.1 100 Continue\r\n\r\n");
    FlushInterim();
    if (phase_ != Phase::kExchange) return;
  }
  // What has come since the head was read is probably here already.
  in_.may_read = true;
  PumpBody();
}

void Connection::SinkWants(std::uint64_t serial) {
  if (!shard_->loop().InThread()) {
    shard_->loop().Post([self = shared_from_this(), serial] { self->SinkWants(serial); });
    return;
  }
  if (phase_ != Phase::kExchange || serial != serial_ || !sink_) return;
  sink_wants_ = true;
  PumpBody();
}

void Connection::PumpBody() {
  if (pumping_body_) return;  // the sink asked for more at once: the loop below goes on
  const auto self = shared_from_this();
  pumping_body_ = true;
  while (phase_ == Phase::kExchange && sink_ && sink_wants_) {
    std::string piece;
    const BodyReader::Got got = Gather(piece);
    if (got == BodyReader::Got::kMalformed) {
      FailBody(Fail(kMalformedBody, "The request's chunked body is malformed"));
    } else if (got == BodyReader::Got::kPeerEnd || got == BodyReader::Got::kFailed) {
      peer_gone_ = true;
      FailBody(Fail(kPeerClosed, "The peer closed before the request's body ended"));
    } else if (!piece.empty()) {
      sink_taken_ += piece.size();
      if (sink_taken_ > sink_limit_) {
        FailBody(Fail(kBodyTooLarge, "The request's body is too large"));
        break;
      }
      sink_wants_ = false;
      const auto sink = sink_;
      sink->OnChunk(std::move(piece), [self, serial = serial_] { self->SinkWants(serial); });
    } else if (body_.done()) {
      const auto sink = std::move(sink_);
      sink_ = nullptr;
      sink->OnEnd();
      if (phase_ == Phase::kExchange && !peer_gone_) ArmRead();  // notice if the peer goes away
    } else {
      shard_->loop().Arm(*this, shard_->context().options.body_timeout);
      got == BodyReader::Got::kWantWrite ? ArmWrite() : ArmRead();
      break;
    }
  }
  pumping_body_ = false;
}

BodyReader::Got Connection::Gather(std::string& piece) {
  std::uint64_t received = 0;
  const BodyReader::Got got = body_.Gather(stream_, shard_->loop(), in_, piece, received);
  shard_->context().metrics.bytes_received.Increment(received);
  return got;
}

void Connection::FailBody(Error error) {
  // The reply, if there is one, is still sent; where the body ends nobody knows any more.
  keep_alive_ = false;
  sink_wants_ = false;
  const auto sink = std::move(sink_);
  sink_ = nullptr;
  framing_lost_ = true;
  if (sink) sink->OnAbort(std::move(error));
  if (phase_ == Phase::kExchange && peer_gone_) OnPeerGone();
}

void Connection::DiscardBody() {
  std::string piece;
  const BodyReader::Got got = Gather(piece);
  if (got == BodyReader::Got::kWantWrite) return ArmWrite();
  if (got != BodyReader::Got::kPiece && got != BodyReader::Got::kWantRead) return Close();
  if (!body_.done()) {
    if (!piece.empty()) shard_->loop().Arm(*this, shard_->context().options.body_timeout);
    return ArmRead();
  }
  AwaitHead();
  ReadHeads();
}

// Closing a socket that holds unread bytes resets it, and the reset may overtake the reply. So the peer is first told
// that no more comes, and its bytes are thrown away for a while.
void Connection::Linger() {
  if (phase_ != Phase::kLinger) {
    phase_ = Phase::kLinger;
    stream_.ShutdownWrite();
    shard_->loop().Disarm(*this);
    shard_->loop().Arm(*this, kLingerTime);
  }
  for (int round = 0; round < 16; ++round) {
    const Stream::Moved moved = stream_.DiscardRaw(shard_->loop().scratch());
    if (moved.io == Stream::Io::kWantRead) break;
    if (moved.io != Stream::Io::kDone) return Close();
  }
  ArmRead();
}

}  // namespace aloft::http
