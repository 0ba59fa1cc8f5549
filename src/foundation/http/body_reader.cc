#include "foundation/http/body_reader.h"

#include <algorithm>

namespace aloft::http {

void BodyReader::StartLength(std::int64_t length) {
  kind_ = Kind::kLength;
  left_ = length;
  chunked_.reset();
}

void BodyReader::StartChunked() {
  kind_ = Kind::kChunked;
  chunked_ = std::make_unique<ChunkedDecoder>();
}

void BodyReader::StartUntilEnd() {
  kind_ = Kind::kUntilEnd;
  ended_ = false;
  chunked_.reset();
}

BodyReader::Got BodyReader::Gather(Stream& stream, Loop& loop, Input& input, std::string& piece,
                                   std::uint64_t& received) {
  while (!done() && piece.size() < kPiece) {
    std::size_t room = kPiece - piece.size();
    if (!input.bytes.empty()) {
      input.bytes.erase(0, Decode(std::string_view(input.bytes).substr(0, room), piece));
    } else {
      if (!input.may_read) break;
      // Never beyond a body of known length: what follows stays in the socket.
      if (kind_ == Kind::kLength) room = static_cast<std::size_t>(std::min(static_cast<std::int64_t>(room), left_));
      const std::span<char> scratch = loop.scratch().first(room);
      const Stream::Moved moved = stream.Read(scratch);
      if (moved.io == Stream::Io::kWantRead || moved.io == Stream::Io::kWantWrite) {
        input.may_read = false;
        if (piece.empty() && moved.io == Stream::Io::kWantWrite) return Got::kWantWrite;
        break;
      }
      if (moved.io == Stream::Io::kEnd && kind_ == Kind::kUntilEnd) {
        ended_ = true;
        break;
      }
      if (moved.io == Stream::Io::kEnd) return Got::kPeerEnd;
      if (moved.io == Stream::Io::kFailed) return Got::kFailed;
      received += moved.size;
      input.may_read = moved.size == room || stream.HasPending();
      const std::string_view bytes(scratch.data(), moved.size);
      const std::size_t used = Decode(bytes, piece);
      if (used < bytes.size()) input.bytes.assign(bytes.substr(used));
    }
    if (kind_ == Kind::kChunked && chunked_->bad()) return Got::kMalformed;
  }
  return piece.empty() && !done() ? Got::kWantRead : Got::kPiece;
}

std::size_t BodyReader::Decode(std::string_view bytes, std::string& piece) {
  if (kind_ == Kind::kChunked) return chunked_->Decode(bytes, piece);
  std::size_t size = bytes.size();
  if (kind_ == Kind::kLength) {
    size = static_cast<std::size_t>(std::min(static_cast<std::int64_t>(size), left_));
    left_ -= static_cast<std::int64_t>(size);
  }
  piece.append(bytes.substr(0, size));
  return size;
}

}  // namespace aloft::http
