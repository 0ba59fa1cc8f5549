#include "foundation/http/chunked.h"

#include <algorithm>

namespace aloft::http {
namespace {

constexpr std::uint32_t kMaxLine = 4096;
constexpr std::uint32_t kMaxTrailers = 16 * 1024;
constexpr std::uint64_t kMaxChunk = std::uint64_t{1} << 48;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsLineText(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

}  // namespace

std::size_t ChunkedDecoder::Decode(std::string_view input, std::string& out) {
  std::size_t taken = 0;
  while (taken < input.size() && state_ != State::kDone && state_ != State::kBad) {
    if (state_ == State::kData) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size() - taken));
      out.append(input, taken, size);
      taken += size;
      remaining_ -= size;
      if (remaining_ == 0) state_ = State::kDataCr;
    } else {
      state_ = Step(input[taken++]);
    }
  }
  return taken;
}

ChunkedDecoder::State ChunkedDecoder::Step(char c) {
  const int digit = HexValue(c);
  switch (state_) {
    case State::kSizeStart:
      if (digit < 0) return State::kBad;
      remaining_ = static_cast<std::uint64_t>(digit);
      overhead_ = 0;
      return State::kSize;
    case State::kSize:
      if (digit >= 0) {
        remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
        return remaining_ > kMaxChunk || ++overhead_ > 16 ? State::kBad : State::kSize;
      }
      if (c == '\r') return State::kSizeLf;
      return c == ';' ? State::kExtension : State::kBad;
    case State::kExtension:
      if (c == '\r') return State::kSizeLf;
      return IsLineText(c) && ++overhead_ <= kMaxLine ? State::kExtension : State::kBad;
    case State::kSizeLf:
      if (c != '\n') return State::kBad;
      overhead_ = 0;
      return remaining_ == 0 ? State::kTrailerStart : State::kData;
    case State::kDataCr: return c == '\r' ? State::kDataLf : State::kBad;
    case State::kDataLf: return c == '\n' ? State::kSizeStart : State::kBad;
    case State::kTrailerStart:
      if (c == '\r') return State::kEndLf;
      return IsLineText(c) && c != ' ' && c != '\t' && ++overhead_ <= kMaxTrailers ? State::kTrailer : State::kBad;
    case State::kTrailer:
      if (c == '\r') return State::kTrailerLf;
      return IsLineText(c) && ++overhead_ <= kMaxTrailers ? State::kTrailer : State::kBad;
    case State::kTrailerLf: return c == '\n' ? State::kTrailerStart : State::kBad;
    case State::kEndLf: return c == '\n' ? State::kDone : State::kBad;
    default: return State::kBad;
  }
}

}  // namespace aloft::http
