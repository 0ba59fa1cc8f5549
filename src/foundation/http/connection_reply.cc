// How a connection writes its reply.
#include <utility>

#include "foundation/http/connection.h"
#include "foundation/http/encode.h"
#include "foundation/http/errors.h"

namespace aloft::http {
namespace {

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

bool Connection::RunOnLoop(const std::function<void()>& task) {
  if (!shard_->loop().InThread()) return shard_->loop().Post(task);
  task();
  return true;
}

void Connection::StartReply(Response response) {
  const auto self = shared_from_this();
  // Released at the end, outside of the state they may come back to.
  const auto sink = std::move(sink_);
  const auto aborted = std::exchange(aborted_, nullptr);
  sink_ = nullptr;
  sink_wants_ = false;
  const auto left = body_.left();
  const bool discardable = left && *left <= kDiscardable && (*left == 0 || !expects_continue_);
  keep_alive_ = keep_alive_ && !shard_->draining() && !peer_gone_ && !framing_lost_ && discardable;
  FrameBody(response);
  phase_ = Phase::kReply;
  PumpReply();
}

void Connection::FrameBody(Response& response) {
  ResponseFraming framing{.minor_version = minor_version_, .date = shard_->loop().Date()};
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    framing.content_length = static_cast<std::int64_t>(text->size());
  } else if (const auto* file = std::get_if<FileBody>(&response.body)) {
    framing.content_length = static_cast<std::int64_t>(file->length);
  } else if (const auto* stream = std::get_if<StreamBody>(&response.body)) {
    framing.content_length = stream->length;
    framing.chunked = stream->length < 0 && minor_version_ == 1;
    if (stream->length < 0 && minor_version_ == 0) keep_alive_ = false;
  }
  if (!StatusAllowsBody(response.status)) {
    framing.content_length = -1;
    framing.chunked = false;
  }
  framing.keep_alive = keep_alive_;
  const bool bodiless = head_only_ || !StatusAllowsBody(response.status);
  int status = response.status;
  if (status < 200 || status > 999 || (!bodiless && !writer_.Start(std::move(response.body), framing.chunked)) ||
      !AppendResponseHead(status, response.headers, framing, writer_.head())) {
    shard_->context().log.Error("a handler made a reply that cannot be sent", {{"status", std::to_string(status)}});
    status = 500;
    writer_.DropBody();
    framing.chunked = false;
    framing.content_length = 0;
    AppendResponseHead(status, {}, framing, writer_.head());
  }
  shard_->context().metrics.Requests(status).Increment();
}

void Connection::PumpReply() {
  if (pumping_reply_) return;  // the source answered at once: the loop below goes on
  const auto self = shared_from_this();
  pumping_reply_ = true;
  BodyWriter::Step step = BodyWriter::Step::kAskSource;
  while (phase_ == Phase::kReply && step == BodyWriter::Step::kAskSource) {
    std::uint64_t sent = 0;
    step = writer_.Pump(stream_, shard_->loop(), sent);
    shard_->context().metrics.bytes_sent.Increment(sent);
    if (step == BodyWriter::Step::kAskSource) AskSource();
  }
  pumping_reply_ = false;
  if (phase_ != Phase::kReply) return;
  switch (step) {
    case BodyWriter::Step::kDone: return FinishReply();
    case BodyWriter::Step::kFailed:
      if (!writer_.failure().empty())
        shard_->context().log.Warn("the body of a reply broke off", {{"error", writer_.failure()}});
      return Close();
    case BodyWriter::Step::kWantRead:
    case BodyWriter::Step::kWantWrite:
      shard_->loop().Arm(*this, shard_->context().options.body_timeout);
      return step == BodyWriter::Step::kWantRead ? ArmRead() : ArmWrite();
    case BodyWriter::Step::kLoadFile: return LoadFile();
    default: return;  // the source will answer
  }
}

void Connection::AskSource() {
  const auto source = writer_.source();
  source->Next([self = shared_from_this(), serial = serial_](Result<BodyPiece> piece) {
    if (self->shard_->loop().InThread()) return self->OnSource(serial, std::move(piece));
    self->shard_->loop().Post(
        [self, serial, piece = std::move(piece)]() mutable { self->OnSource(serial, std::move(piece)); });
  });
}

void Connection::LoadFile() {
  const auto loaded = [self = shared_from_this(), serial = serial_] {
    if (self->phase_ != Phase::kReply || serial != self->serial_) return;
    self->writer_.FileLoaded();
    self->PumpReply();
  };
  shard_->context().metrics.cold_reads.Increment();
  const bool submitted = shard_->context().disk.TrySubmit([range = writer_.cold_file(), shard = shard_, loaded] {
    BodyWriter::LoadFile(range);
    shard->loop().Post(loaded);
  });
  if (!submitted) loaded();  // the disk's queue is full: this thread waits, and with it its peers
}

void Connection::OnSource(std::uint64_t serial, Result<BodyPiece> piece) {
  if (phase_ != Phase::kReply || serial != serial_ || !writer_.source()) return;
  const auto source = writer_.source();  // let go outside of the writer
  writer_.Feed(std::move(piece));
  PumpReply();
}

void Connection::FinishReply() {
  ServerMetrics& metrics = shard_->context().metrics;
  metrics.in_flight.Add(-1);
  metrics.seconds.Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count());
  if (keep_alive_) {
    if (body_.done()) {
      AwaitHead();
      return ReadHeads();
    }
    phase_ = Phase::kDiscard;
    in_.may_read = true;
    shard_->loop().Arm(*this, shard_->context().options.body_timeout);
    return DiscardBody();
  }
  if (framing_lost_ || !body_.done() || !in_.bytes.empty()) return Linger();
  stream_.ShutdownWrite();
  Close();
}

// An interim response, written between the head of the request and its reply.
void Connection::FlushInterim() {
  std::uint64_t sent = 0;
  switch (writer_.Pump(stream_, shard_->loop(), sent)) {
    case BodyWriter::Step::kDone: return;
    case BodyWriter::Step::kFailed: return Close();
    default: return ArmWrite();
  }
}

}  // namespace aloft::http
