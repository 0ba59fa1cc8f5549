// Takes a body off a stream, piece by piece; shared by server and client. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "foundation/http/chunked.h"
#include "foundation/http/stream.h"

namespace aloft::http {

// Bytes of a connection that were read and not yet used, and whether its socket may hold more.
struct Input {
  std::string bytes;
  bool may_read = true;  // false after a read that emptied the socket, until it is readable again
};

class BodyReader {
 public:
  static constexpr std::size_t kPiece = 256 * 1024;  // at most

  enum class Got {
    kPiece,      // `piece` has bytes, or the body is done
    kWantRead,   // nothing now
    kWantWrite,  // nothing now: TLS has to write first
    kPeerEnd,    // the peer closed in the middle
    kFailed,     // the connection is broken
    kMalformed,  // not a chunked body
  };

  void StartLength(std::int64_t length);
  void StartChunked();
  void StartUntilEnd();  // a response without a length: the end of the connection ends it

  // Appends what is here to `piece`; `received` grows by the bytes read from the stream.
  Got Gather(Stream& stream, Loop& loop, Input& input, std::string& piece, std::uint64_t& received);

  bool done() const {
    return kind_ == Kind::kLength ? left_ == 0 : kind_ == Kind::kChunked ? chunked_->done() : ended_;
  }
  // Bytes still to come; absent where nobody knows.
  std::optional<std::int64_t> left() const {
    return kind_ == Kind::kLength ? std::optional(left_) : done() ? std::optional<std::int64_t>(0) : std::nullopt;
  }

 private:
  enum class Kind { kLength, kChunked, kUntilEnd };
  std::size_t Decode(std::string_view bytes, std::string& piece);

  Kind kind_ = Kind::kLength;
  bool ended_ = false;
  std::int64_t left_ = 0;
  std::unique_ptr<ChunkedDecoder> chunked_;
};

}  // namespace aloft::http
