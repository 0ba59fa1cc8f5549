// How a client's connection reads the response.
#include <algorithm>
#include <utility>

#include "foundation/http/client_connection.h"
#include "foundation/http/encode.h"
#include "foundation/http/errors.h"

namespace aloft::http {
namespace {

constexpr std::size_t kMaxHead = 256 * 1024;

}  // namespace

void ClientConnection::ReadHead() {
  const auto self = shared_from_this();
  while (phase_ == Phase::kHead) {
    if (!in_.bytes.empty() && TakeHead(in_.bytes)) continue;
    if (phase_ != Phase::kHead) return;
    if (!in_.may_read) return ArmRead();
    const std::span<char> scratch = pool_->loop().scratch().first(64 * 1024);
    const Stream::Moved moved = stream_->Read(scratch);
    if (moved.io == Stream::Io::kWantRead || moved.io == Stream::Io::kWantWrite) {
      in_.may_read = false;
      return moved.io == Stream::Io::kWantRead ? ArmRead() : ArmWrite();
    }
    if (moved.io != Stream::Io::kDone) return Broken(Fail(kIoError, "The connection broke before the response"));
    response_began_ = true;
    in_.may_read = moved.size == scratch.size() || stream_->HasPending();
    in_.bytes.append(scratch.data(), moved.size);
    Progress();
  }
}

// True where a head was there; interim ones are passed over.
bool ClientConnection::TakeHead(std::string_view bytes) {
  const auto verdict = scanner_.Scan(bytes);
  if (verdict == HeadScanner::Verdict::kMore && bytes.size() < kMaxHead) return false;
  const bool chunked_request = response_.chunked;
  ParsedResponse parsed;
  const auto error = verdict != HeadScanner::Verdict::kComplete
                         ? HeadError{502, "The response's head is malformed or too large"}
                         : ParseResponseHead(bytes.substr(0, scanner_.head_size()), parsed);
  if (error) {
    Cancel(Fail(kMalformedResponse, std::string(error->why)));
    return false;
  }
  in_.bytes.erase(0, scanner_.head_size());
  scanner_.Reset();
  if (parsed.status < 200) {
    if (parsed.status == 101) {
      Cancel(Fail(kMalformedResponse, "The server switched protocols unasked"));
      return false;
    }
    if (std::exchange(holding_, false)) {
      if (!writer_.Start(std::move(held_body_), chunked_request)) {
        Cancel(Fail(kInvalidArgument, "The request's body is missing"));
        return false;
      }
      Progress();
      PumpRequest();
    }
    return true;
  }
  response_ = std::move(parsed);
  return BeginBody();
}

bool ClientConnection::BeginBody() {
  phase_ = Phase::kBody;
  if (job_->request.method == "HEAD" || !StatusAllowsBody(response_.status)) {
    body_.StartLength(0);
  } else if (response_.chunked) {
    body_.StartChunked();
  } else if (response_.content_length >= 0) {
    body_.StartLength(response_.content_length);
  } else {
    body_.StartUntilEnd();
    response_.keep_alive = false;
  }
  sink_ = response_.status < 300 ? std::exchange(job_->sink, nullptr) : nullptr;
  sink_wants_ = true;
  if (job_->request.on_head) job_->request.on_head(response_.status, response_.headers);
  const auto left = body_.left();
  if (!sink_ && left && static_cast<std::uint64_t>(*left) > pool_->options().max_response_bytes) {
    Cancel(Fail(kResponseTooLarge, "The response is too large"));
    return false;
  }
  in_.may_read = true;
  PumpBody();
  return true;
}

void ClientConnection::PumpBody() {
  if (pumping_body_) return;  // the sink asked for more at once: the loop below goes on
  const auto self = shared_from_this();
  pumping_body_ = true;
  while (phase_ == Phase::kBody && sink_wants_) {
    std::string piece;
    std::uint64_t received = 0;
    const BodyReader::Got got = body_.Gather(*stream_, pool_->loop(), in_, piece, received);
    if (received > 0) Progress();
    if (got == BodyReader::Got::kMalformed) {
      Cancel(Fail(kMalformedResponse, "The response's chunked body is malformed"));
    } else if (got == BodyReader::Got::kPeerEnd || got == BodyReader::Got::kFailed) {
      Cancel(Fail(kIoError, "The connection broke within the response"));
    } else if (!piece.empty()) {
      Deliver(std::move(piece));
    } else if (body_.done()) {
      Complete();
      break;
    } else {
      got == BodyReader::Got::kWantWrite ? ArmWrite() : ArmRead();
      break;
    }
  }
  pumping_body_ = false;
}

void ClientConnection::Deliver(std::string piece) {
  if (sink_) {
    sink_wants_ = false;
    const auto sink = sink_;
    return sink->OnChunk(std::move(piece), [self = shared_from_this(), serial = serial_] { self->SinkWants(serial); });
  }
  if (collected_.size() + piece.size() > pool_->options().max_response_bytes)
    return Cancel(Fail(kResponseTooLarge, "The response is too large"));
  if (collected_.empty())
    collected_ = std::move(piece);
  else
    collected_.append(piece);
}

void ClientConnection::SinkWants(std::uint64_t serial) {
  if (!pool_->loop().InThread()) {
    pool_->loop().Post([self = shared_from_this(), serial] { self->SinkWants(serial); });
    return;
  }
  if (phase_ != Phase::kBody || serial != serial_) return;
  if (job_->request.unwanted && job_->request.unwanted()) {
    return Cancel(Fail(kCancelled, "Nobody wants the rest of the response"));
  }
  sink_wants_ = true;
  Progress();
  PumpBody();
}

void ClientConnection::Complete() {
  const auto job = std::move(job_);
  const auto sink = std::move(sink_);
  job_ = nullptr;
  sink_ = nullptr;
  ClientResponse response{response_.status, std::move(response_.headers), std::move(collected_)};
  pumping_body_ = false;  // the pool may give the next request at once
  // Bytes beyond the response, or a request that the server did not want whole: who knows what comes next.
  if (response_.keep_alive && written_ && in_.bytes.empty()) {
    writer_.Shrink();
    pool_->Release(shared_from_this());
  } else {
    Close();
  }
  if (sink) sink->OnEnd();
  job->Finish(std::move(response));
}

}  // namespace aloft::http
