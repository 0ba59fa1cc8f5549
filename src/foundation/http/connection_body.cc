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
  if (!decoder_ && static_cast<std::uint64_t>(body_left_) > limit) {
    keep_alive_ = false;
    return sink->OnAbort(Fail(kBodyTooLarge, "The request's body is too large"));
  }
  sink_ = std::move(sink);
  sink_limit_ = limit;
  sink_taken_ = 0;
  sink_wants_ = true;
  if (std::exchange(expects_continue_, false) && in_.empty()) {
    out_.append("HTTP/1.1 100 Continue\r\n\r\n");
    FlushInterim();
    if (phase_ != Phase::kExchange) return;
  }
  // What has come since the head was read is probably here already.
  if (!BodyDone() && in_.empty()) may_read_ = true;
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
    if (auto error = GatherPiece(piece)) {
      FailBody(std::move(*error));
      break;
    }
    if (!piece.empty()) {
      sink_taken_ += piece.size();
      if (sink_taken_ > sink_limit_) {
        FailBody(Fail(kBodyTooLarge, "The request's body is too large"));
        break;
      }
      sink_wants_ = false;
      const auto sink = sink_;
      sink->OnChunk(std::move(piece), [self, serial = serial_] { self->SinkWants(serial); });
    } else if (BodyDone()) {
      const auto sink = std::move(sink_);
      sink_ = nullptr;
      sink->OnEnd();
      if (phase_ == Phase::kExchange && !peer_gone_) ArmRead();  // notice if the peer goes away
    } else {
      shard_->loop().Arm(*this, shard_->context().options.body_timeout);
      ArmRead();
      break;
    }
  }
  pumping_body_ = false;
}

std::optional<Error> Connection::GatherPiece(std::string& piece) {
  while (!BodyDone() && piece.size() < kPiece) {
    if (!in_.empty()) {
      const std::string_view some = std::string_view(in_).substr(0, kPiece - piece.size());
      in_.erase(0, DecodeBody(some, piece));
    } else {
      if (!may_read_) return std::nullopt;
      std::size_t room = kPiece - piece.size();
      if (!decoder_)
        room = static_cast<std::size_t>(std::min<std::int64_t>(static_cast<std::int64_t>(room), body_left_));
      const std::span<char> scratch = shard_->loop().scratch().first(room);
      const Stream::Moved moved = stream_.Read(scratch);
      if (moved.io == Stream::Io::kWantRead || moved.io == Stream::Io::kWantWrite) {
        if (moved.io == Stream::Io::kWantWrite) ArmWrite();
        may_read_ = false;
        return std::nullopt;
      }
      if (moved.io != Stream::Io::kDone) {
        peer_gone_ = true;
        return Fail(kPeerClosed, "The peer closed before the request's body ended");
      }
      shard_->context().metrics.bytes_received.Increment(moved.size);
      may_read_ = moved.size == room || stream_.HasPending();
      const std::string_view bytes(scratch.data(), moved.size);
      const std::size_t used = DecodeBody(bytes, piece);
      if (used < bytes.size()) in_.assign(bytes.substr(used));
    }
    if (decoder_ && decoder_->bad()) return Fail(kMalformedBody, "The request's chunked body is malformed");
  }
  return std::nullopt;
}

std::size_t Connection::DecodeBody(std::string_view bytes, std::string& piece) {
  if (decoder_) return decoder_->Decode(bytes, piece);
  const auto size =
      static_cast<std::size_t>(std::min<std::int64_t>(static_cast<std::int64_t>(bytes.size()), body_left_));
  piece.append(bytes.substr(0, size));
  body_left_ -= static_cast<std::int64_t>(size);
  return size;
}

void Connection::FailBody(Error error) {
  // The reply, if there is one, is still sent; where the body ends nobody knows any more.
  keep_alive_ = false;
  sink_wants_ = false;
  const auto sink = std::move(sink_);
  sink_ = nullptr;
  if (!decoder_) body_left_ = std::max<std::int64_t>(body_left_, 1);
  if (sink) sink->OnAbort(std::move(error));
  if (phase_ == Phase::kExchange && peer_gone_) OnPeerGone();
}

void Connection::DiscardBody() {
  std::string piece;
  const auto error = GatherPiece(piece);
  if (error) return Close();
  if (!BodyDone()) {
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
