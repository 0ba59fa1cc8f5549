// How a connection writes its reply.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "foundation/http/connection.h"
#include "foundation/http/encode.h"
#include "foundation/http/errors.h"

namespace aloft::http {
namespace {

// A fast peer must not keep the thread from the other connections.
constexpr std::size_t kTurn = 4u << 20;
// An unread body up to this size is thrown away to keep the connection; a longer one costs the connection.
constexpr std::int64_t kDiscardable = 64 * 1024;

}  // namespace

void Connection::BeginReply(std::uint64_t serial, Response response) {
  if (!shard_->loop().InThread()) {
    shard_->loop().Post([self = shared_from_this(), serial, response = std::move(response)]() mutable {
      self->BeginReply(serial, std::move(response));
    });
    return;
  }
  if (phase_ == Phase::kExchange && serial == serial_) StartReply(std::move(response));
}

void Connection::StartReply(Response response) {
  const auto self = shared_from_this();
  // Released at the end, outside of the state they may come back to.
  const auto sink = std::move(sink_);
  const auto aborted = std::exchange(aborted_, nullptr);
  sink_ = nullptr;
  sink_wants_ = false;
  const bool discardable = !decoder_ && body_left_ <= kDiscardable && !expects_continue_;
  keep_alive_ = keep_alive_ && !shard_->draining() && !peer_gone_ && (BodyDone() || discardable);
  FrameBody(response, keep_alive_);
  phase_ = Phase::kReply;
  PumpReply();
}

void Connection::FrameBody(Response& response, bool keep_alive) {
  ResponseFraming framing{.keep_alive = keep_alive, .minor_version = minor_version_, .date = shard_->loop().Date()};
  source_began_ = source_asked_ = false;
  source_left_ = -1;
  if (auto* text = std::get_if<std::string>(&response.body)) {
    framing.content_length = static_cast<std::int64_t>(text->size());
    text_ = std::move(*text);
    text_at_ = 0;
  } else if (auto* file = std::get_if<FileBody>(&response.body)) {
    framing.content_length = static_cast<std::int64_t>(file->length);
    file_ = std::move(*file);
  } else if (auto* stream = std::get_if<StreamBody>(&response.body)) {
    framing.content_length = source_left_ = stream->length;
    framing.chunked = stream->length < 0 && minor_version_ == 1;
    if (stream->length < 0 && minor_version_ == 0) framing.keep_alive = keep_alive_ = false;
    source_ = std::move(stream->source);
  }
  const bool body_allowed = StatusAllowsBody(response.status);
  if (!body_allowed) {
    framing.content_length = -1;
    framing.chunked = false;
  }
  if (!body_allowed || head_only_) {
    text_.clear();
    file_ = {};
    source_.reset();
  }
  const bool nothing_to_send = (file_.length > 0 && !file_.fd) ||  //
                               (!source_ && source_left_ != 0 && std::holds_alternative<StreamBody>(response.body) &&
                                body_allowed && !head_only_);
  int status = response.status;
  if (nothing_to_send || status < 200 || status > 999 || !AppendResponseHead(status, response.headers, framing, out_)) {
    shard_->context().log.Error("a handler made a reply that cannot be sent", {{"status", std::to_string(status)}});
    status = 500;
    text_.clear();
    file_ = {};
    source_.reset();
    framing.chunked = false;
    framing.content_length = 0;
    AppendResponseHead(status, {}, framing, out_);
  }
  shard_->context().metrics.Requests(status).Increment();
}

void Connection::PumpReply() {
  if (pumping_reply_) return;  // the source answered at once: the loop below goes on
  const auto self = shared_from_this();
  pumping_reply_ = true;
  std::size_t turn = 0;
  bool finished = false;
  while (phase_ == Phase::kReply) {
    Stream::Moved moved{Stream::Io::kDone};
    if (out_at_ < out_.size() || text_at_ < text_.size()) {
      moved = WriteSome();
    } else if (file_.length > 0) {
      moved = SendFileSome();
    } else if (source_) {
      if (source_asked_) break;
      AskSource();
      continue;
    } else {
      finished = true;
      break;
    }
    if (moved.io == Stream::Io::kDone) {
      shard_->context().metrics.bytes_sent.Increment(moved.size);
      turn += moved.size;
      if (turn < kTurn) continue;
      moved.io = Stream::Io::kWantWrite;
    }
    if (moved.io != Stream::Io::kWantRead && moved.io != Stream::Io::kWantWrite) {
      Close();
      break;
    }
    shard_->loop().Arm(*this, shard_->context().options.body_timeout);
    moved.io == Stream::Io::kWantRead ? ArmRead() : ArmWrite();
    break;
  }
  pumping_reply_ = false;
  if (finished) FinishReply();
}

Stream::Moved Connection::WriteSome() {
  iovec parts[2];
  std::size_t count = 0;
  if (out_at_ < out_.size()) parts[count++] = {out_.data() + out_at_, out_.size() - out_at_};
  if (text_at_ < text_.size()) parts[count++] = {text_.data() + text_at_, text_.size() - text_at_};
  const Stream::Moved moved = stream_.Write({parts, count}, file_.length > 0);
  if (moved.io != Stream::Io::kDone) return moved;
  const std::size_t of_out = std::min(moved.size, out_.size() - out_at_);
  out_at_ += of_out;
  text_at_ += moved.size - of_out;
  if (out_at_ == out_.size()) {
    out_.clear();
    out_at_ = 0;
  }
  if (text_at_ == text_.size()) {
    std::string().swap(text_);
    text_at_ = 0;
  }
  return moved;
}

Stream::Moved Connection::SendFileSome() {
  if (!stream_.tls()) {
    const Stream::Moved moved = stream_.SendFile(*file_.fd, file_.offset, std::min<std::uint64_t>(file_.length, kTurn));
    if (moved.io == Stream::Io::kDone) {
      file_.offset += moved.size;
      file_.length -= moved.size;
      if (file_.length == 0) file_.fd.reset();
    }
    return moved;
  }
  // Through memory: read a piece into text_, which the next round writes.
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(file_.length, kPiece));
  const ssize_t got = ::pread(*file_.fd, shard_->loop().scratch().data(), size, static_cast<off_t>(file_.offset));
  if (got <= 0) return {Stream::Io::kFailed};
  text_.assign(shard_->loop().scratch().data(), static_cast<std::size_t>(got));
  file_.offset += static_cast<std::uint64_t>(got);
  file_.length -= static_cast<std::uint64_t>(got);
  if (file_.length == 0) file_.fd.reset();
  return {Stream::Io::kDone, 0};
}

void Connection::AskSource() {
  source_asked_ = true;
  const auto source = source_;
  source->Next([self = shared_from_this(), serial = serial_](Result<std::string> chunk) {
    if (self->shard_->loop().InThread()) return self->OnSource(serial, std::move(chunk));
    self->shard_->loop().Post(
        [self, serial, chunk = std::move(chunk)]() mutable { self->OnSource(serial, std::move(chunk)); });
  });
}

void Connection::OnSource(std::uint64_t serial, Result<std::string> chunk) {
  if (phase_ != Phase::kReply || serial != serial_ || !source_) return;
  const auto self = shared_from_this();
  source_asked_ = false;
  if (!chunk.ok()) {
    shard_->context().log.Warn("a reply's body broke off", {{"error", Describe(chunk.error())}});
    return Close();
  }
  const bool chunked = source_left_ < 0 && minor_version_ == 1;
  if (chunk->empty()) {
    if (source_left_ > 0) return Close();  // shorter than was promised
    if (chunked) out_.append(source_began_ ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
    const auto source = std::move(source_);
    source_ = nullptr;
    return PumpReply();
  }
  if (source_left_ >= 0) {
    if (chunk->size() > static_cast<std::uint64_t>(source_left_)) return Close();  // longer than was promised
    source_left_ -= static_cast<std::int64_t>(chunk->size());
  }
  if (chunked) {
    if (source_began_) out_.append("\r\n");
    AppendChunkSize(chunk->size(), out_);
  }
  source_began_ = true;
  text_ = *std::move(chunk);
  text_at_ = 0;
  PumpReply();
}

void Connection::FinishReply() {
  ServerMetrics& metrics = shard_->context().metrics;
  metrics.in_flight.Add(-1);
  metrics.seconds.Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count());
  if (keep_alive_) {
    if (BodyDone()) {
      AwaitHead();
      return ReadHeads();
    }
    phase_ = Phase::kDiscard;
    may_read_ = true;
    shard_->loop().Arm(*this, shard_->context().options.body_timeout);
    return DiscardBody();
  }
  if (!BodyDone() || !in_.empty()) return Linger();
  stream_.ShutdownWrite();
  Close();
}

// An interim response, written between the head of the request and its reply.
void Connection::FlushInterim() {
  while (out_at_ < out_.size()) {
    const iovec part{out_.data() + out_at_, out_.size() - out_at_};
    const Stream::Moved moved = stream_.Write({&part, 1}, false);
    if (moved.io == Stream::Io::kWantWrite) return ArmWrite();
    if (moved.io != Stream::Io::kDone) return Close();
    out_at_ += moved.size;
  }
  out_.clear();
  out_at_ = 0;
}

}  // namespace aloft::http
