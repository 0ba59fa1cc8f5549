#include "foundation/http/client_connection.h"

#include <utility>

#include "foundation/http/encode.h"
#include "foundation/http/errors.h"

namespace aloft::http {
namespace {

// How long a body waits for "100 Continue" from a server that may not know it.
constexpr std::chrono::milliseconds kContinueWait{1'000};

bool IsIdempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

std::string HostHeader(const Destination& destination) {
  if (destination.host.starts_with('/')) return "localhost";
  const bool v6 = destination.host.find(':') != std::string::npos;
  std::string host = v6 ? "[" + destination.host + "]" : destination.host;
  if (destination.port != (destination.tls ? 443 : 80)) host += ":" + std::to_string(destination.port);
  return host;
}

RequestFraming FrameRequest(const ClientRequest& request) {
  RequestFraming framing;
  if (const auto* text = std::get_if<std::string>(&request.body)) {
    const bool usual = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (!text->empty() || usual) framing.content_length = static_cast<std::int64_t>(text->size());
  } else if (const auto* file = std::get_if<FileBody>(&request.body)) {
    framing.content_length = static_cast<std::int64_t>(file->length);
  } else if (const auto* stream = std::get_if<StreamBody>(&request.body)) {
    framing.content_length = stream->length;
    framing.chunked = stream->length < 0;
  }
  return framing;
}

}  // namespace

ClientConnection::ClientConnection(std::shared_ptr<ClientPool> pool, Destination destination)
    : pool_(std::move(pool)), destination_(std::move(destination)) {}

void ClientConnection::Run(std::shared_ptr<Job> job) {
  const auto self = shared_from_this();
  job_ = std::move(job);
  reused_ = true;
  written_ = response_began_ = false;  // those of the last request
  // A server that has closed meanwhile has often said so already.
  if (stream_->Peek().io != Stream::Io::kWantRead) return Broken(Fail(kIoError, "The pooled connection was closed"));
  StartRequest();
}

void ClientConnection::Rest() {
  phase_ = Phase::kIdle;
  pool_->loop().Arm(*this, pool_->options().idle_timeout);
  ArmRead();
}

void ClientConnection::ArmRead() {
  if (read_waiting_ || !stream_ || !stream_->open()) return;
  read_waiting_ = true;
  stream_->WaitReadable([self = shared_from_this()] {
    self->read_waiting_ = false;
    self->OnReadable();
  });
}

void ClientConnection::ArmWrite() {
  if (write_waiting_ || !stream_ || !stream_->open()) return;
  write_waiting_ = true;
  stream_->WaitWritable([self = shared_from_this()] {
    self->write_waiting_ = false;
    self->OnWritable();
  });
}

void ClientConnection::OnReadable() {
  in_.may_read = true;
  switch (phase_) {
    case Phase::kHandshake: return Handshake();
    case Phase::kIdle:
      // Nothing may come now: the server has closed, or it speaks out of turn.
      if (stream_->Peek().io == Stream::Io::kWantRead) return ArmRead();
      return Close();
    case Phase::kHead: return ReadHead();
    case Phase::kBody: return PumpBody();
    default: return;
  }
}

void ClientConnection::OnWritable() {
  switch (phase_) {
    case Phase::kConnecting: return FinishConnect();
    case Phase::kHead:
    case Phase::kBody:
      if (!written_) PumpRequest();
      if (phase_ == Phase::kHead || phase_ == Phase::kBody) OnReadable();  // TLS may have to write in order to read
      return;
    default: return OnReadable();
  }
}

void ClientConnection::OnTimer() {
  const auto self = shared_from_this();
  switch (phase_) {
    case Phase::kConnecting:
      if (again_ && std::chrono::steady_clock::now() < connect_deadline_) return ConnectNext("its queue is full");
      [[fallthrough]];
    case Phase::kHandshake: return Cancel(Fail(kUnavailable, "No connection to " + destination_.host + " in time"));
    case Phase::kIdle: return Close();
    case Phase::kHead:
      if (writer_.waits_for_source()) return Progress();  // our own side is the slow one
      if (std::exchange(holding_, false)) {
        // The server knows nothing of 100 Continue; RFC 9110, 10.1.1: send the body anyway.
        if (!writer_.Start(std::move(held_body_), response_.chunked))
          return Cancel(Fail(kInvalidArgument, "The request's body is missing"));
        return PumpRequest();
      }
      [[fallthrough]];
    case Phase::kBody:
      if (phase_ == Phase::kBody && !sink_wants_) return;  // our own side is the slow one
      return Cancel(Fail(kDeadlineExceeded, "The server made no progress in time"));
    case Phase::kClosed: return;
  }
}

void ClientConnection::Progress() {
  pool_->loop().Arm(*this, holding_ ? std::min(kContinueWait, job_->request.timeout) : job_->request.timeout);
}

void ClientConnection::StartRequest() {
  const auto self = shared_from_this();
  phase_ = Phase::kHead;
  ++serial_;
  written_ = holding_ = response_began_ = false;
  scanner_.Reset();
  response_ = {};
  collected_.clear();
  const ClientRequest& request = job_->request;
  RequestFraming framing = FrameRequest(request);
  const std::string host = HostHeader(destination_);
  framing.host = host;
  if (!AppendRequestHead(request.method, request.target, request.headers, framing, writer_.head()))
    return Cancel(Fail(kInvalidArgument, "The request's method, target or headers cannot be written"));
  response_.chunked = framing.chunked;  // remembered for a held body until the response begins
  // A pooled connection may be stale; then the body stays in the job for a second try.
  Body body = reused_ ? request.body : std::move(job_->request.body);
  holding_ = request.headers.Has("expect") && framing.content_length != 0;
  if (holding_)
    held_body_ = std::move(body);
  else if (!writer_.Start(std::move(body), framing.chunked))
    return Cancel(Fail(kInvalidArgument, "The request's body is missing"));
  Progress();
  PumpRequest();
  if (phase_ == Phase::kHead) ArmRead();
}

void ClientConnection::PumpRequest() {
  if (pumping_request_) return;  // the source answered at once: the loop below goes on
  const auto self = shared_from_this();
  pumping_request_ = true;
  const std::uint64_t serial = serial_;
  BodyWriter::Step step = BodyWriter::Step::kAskSource;
  while (phase_ != Phase::kClosed && step == BodyWriter::Step::kAskSource) {
    std::uint64_t sent = 0;
    step = writer_.Pump(*stream_, pool_->loop(), sent);
    if (sent > 0) Progress();
    if (step == BodyWriter::Step::kAskSource) AskSource();
    if (step == BodyWriter::Step::kLoadFile) {
      // A client has few connections: its thread may wait for the disk.
      writer_.FileLoaded();
      step = BodyWriter::Step::kAskSource;
    }
  }
  pumping_request_ = false;
  if (phase_ == Phase::kClosed || serial != serial_) return;
  switch (step) {
    case BodyWriter::Step::kDone: written_ = !holding_; return;
    case BodyWriter::Step::kWantRead: return ArmRead();
    case BodyWriter::Step::kWantWrite: return ArmWrite();
    case BodyWriter::Step::kFailed:
      if (!writer_.failure().empty()) return Cancel(Fail(kIoError, "The request's body broke off", writer_.failure()));
      // The server may have refused early: its answer is worth more than the broken pipe.
      in_.may_read = true;
      return ReadHead();
    default: return;
  }
}

void ClientConnection::AskSource() {
  const auto source = writer_.source();
  source->Next([self = shared_from_this(), serial = serial_](Result<BodyPiece> piece) {
    self->pool_->loop().Run([self, serial, piece = std::move(piece)]() mutable {
      if (self->phase_ == Phase::kClosed || serial != self->serial_ || !self->writer_.source()) return;
      const auto kept = self->writer_.source();  // let go outside of the writer
      self->writer_.Feed(std::move(piece));
      self->PumpRequest();
    });
  });
}

bool ClientConnection::MayRetry() const {
  if (!reused_ || !job_ || job_->retried || response_began_) return false;
  if (std::holds_alternative<StreamBody>(job_->request.body)) return false;
  return !written_ || job_->request.repeatable || IsIdempotent(job_->request.method);
}

void ClientConnection::Broken(Error error) {
  if (phase_ == Phase::kClosed) return;
  if (!MayRetry()) return Cancel(std::move(error));
  const auto self = shared_from_this();
  auto job = std::move(job_);
  Close();
  pool_->Retry(std::move(job));
}

void ClientConnection::Cancel(Error error) {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();
  const auto job = std::move(job_);
  const auto sink = std::move(sink_);
  job_ = nullptr;
  sink_ = nullptr;
  Close();
  if (sink) sink->OnAbort(error);
  if (job) job->Finish(std::move(error));
}

void ClientConnection::Close() {
  const auto self = shared_from_this();
  phase_ = Phase::kClosed;
  pool_->loop().Disarm(*this);
  writer_.DropBody();
  if (stream_) stream_->Close();
  pool_->Remove(self);
}

}  // namespace aloft::http
