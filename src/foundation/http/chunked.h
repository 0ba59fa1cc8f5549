// The chunked transfer coding (RFC 9112, 7.1), incremental and strict. Pure; no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aloft::http {

// Extensions and trailers are checked for form, limited in length, and ignored.
class ChunkedDecoder {
 public:
  // Takes bytes off the front of `input`, appends what they decode to to `out`, and stops at the end of the body or at
  // bytes that are none. Returns how many it took.
  std::size_t Decode(std::string_view input, std::string& out);

  bool done() const { return state_ == State::kDone; }
  bool bad() const { return state_ == State::kBad; }

 private:
  enum class State {
    kSizeStart,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone,
    kBad
  };
  State Step(char c);

  State state_ = State::kSizeStart;
  std::uint64_t remaining_ = 0;  // of the current chunk
  std::uint32_t overhead_ = 0;   // bytes of the current line, or of all trailers
};

}  // namespace aloft::http
