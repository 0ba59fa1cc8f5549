#include "api/aws/s3_wire/aws_chunked.h"

#include <algorithm>
#include <charconv>

#include "api/aws/s3_wire/errors.h"

namespace aloft::api::s3 {
namespace {

constexpr std::size_t kMaxLine = 1024;
constexpr std::size_t kMaxTrailerBytes = 8 * 1024;
constexpr std::string_view kSignatureField = "chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";

Error Malformed() {
  return Fail(
      kIncompleteBody,
      "The request body terminated unexpectedly or is not a valid aws-chunked encoding of the announced length.");
}

Error Forged() {
  return Fail(crypto::kSignatureMismatch,
              "The request signature we calculated does not match the signature you provided. Check your key and "
              "signing method.");
}

}  // namespace

AwsChunkedDecoder::AwsChunkedDecoder(const crypto::PayloadClaim& claim, std::uint64_t decoded_length)
    : announced_(decoded_length) {
  using Kind = crypto::PayloadClaim::Kind;
  signed_ = claim.kind == Kind::kStreamingSigned || claim.kind == Kind::kStreamingSignedTrailer;
  has_trailer_ = claim.kind != Kind::kStreamingSigned;
  if (signed_) {
    chain_.emplace(claim);
    chunk_hash_.emplace(crypto::Digest::kSha256);
  }
}

Status AwsChunkedDecoder::Feed(std::string_view bytes, const std::function<Status(ByteView)>& data) {
  while (!bytes.empty()) {
    if (state_ == State::kDone) return Malformed();  // bytes after the end
    if (state_ == State::kData) {
      auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_in_chunk_));
      ByteView piece = AsBytes(bytes.substr(0, count));
      if (chunk_hash_) chunk_hash_->Update(piece);
      decoded_ += count;
      if (decoded_ > announced_) return Malformed();
      ALOFT_TRY(data(piece));
      bytes.remove_prefix(count);
      left_in_chunk_ -= count;
      if (left_in_chunk_ == 0) state_ = State::kDataEnd;
      continue;
    }
    // Everything else is lines.
    auto newline = bytes.find('\n');
    auto count = newline == std::string_view::npos ? bytes.size() : newline + 1;
    if (line_.size() + count > kMaxLine) return Malformed();
    line_ += bytes.substr(0, count);
    bytes.remove_prefix(count);
    if (newline == std::string_view::npos) return {};
    std::string line = std::move(line_);
    line_.clear();
    line.pop_back();
    if (!line.empty() && line.back() == '\r') line.pop_back();
    switch (state_) {
      case State::kSize: ALOFT_TRY(SizeLine(line)); break;
      case State::kDataEnd:
        if (!line.empty()) return Malformed();
        ALOFT_TRY(EndChunk());
        state_ = State::kSize;
        break;
      default: ALOFT_TRY(TrailerLine(line)); break;
    }
  }
  return {};
}

Status AwsChunkedDecoder::SizeLine(std::string_view line) {
  auto semicolon = line.find(';');
  std::string_view size = line.substr(0, semicolon);
  auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), left_in_chunk_, 16);
  if (size.empty() || error != std::errc() || end != size.data() + size.size()) return Malformed();
  chunk_signature_.clear();
  if (semicolon != std::string_view::npos) {
    std::string_view extension = line.substr(semicolon + 1);
    if (extension.starts_with(kSignatureField)) chunk_signature_ = extension.substr(kSignatureField.size());
  }
  if (signed_ && chunk_signature_.empty()) return Malformed();
  if (left_in_chunk_ > announced_ - decoded_) return Malformed();
  if (left_in_chunk_ != 0) {
    state_ = State::kData;
    return {};
  }
  last_chunk_ = true;
  ALOFT_TRY(EndChunk());
  state_ = State::kTrailer;
  return {};
}

Status AwsChunkedDecoder::EndChunk() {
  if (!signed_) return {};
  if (!chain_->VerifyChunk(HexEncode(AsBytes(chunk_hash_->Finish())), chunk_signature_)) return Forged();
  return {};
}

Status AwsChunkedDecoder::TrailerLine(std::string_view line) {
  if (line.empty()) {
    // Some writers put an empty line before the trailer's signature too.
    bool more = signed_ && has_trailer_ && !trailer_verified_ && !trailers_.fields().empty();
    if (!more) state_ = State::kDone;
    return {};
  }
  trailer_bytes_ += line.size();
  auto colon = line.find(':');
  if (colon == std::string_view::npos || trailer_bytes_ > kMaxTrailerBytes) return Malformed();
  std::string name = ToLower(Trim(line.substr(0, colon)));
  std::string_view value = Trim(line.substr(colon + 1));
  if (name != kTrailerSignature) {
    if (trailer_verified_) return Malformed();
    trailers_.Add(std::move(name), std::string(value));
    return {};
  }
  if (!signed_) return {};
  auto fields = trailers_.fields();
  std::sort(fields.begin(), fields.end());
  std::string text;
  for (const auto& [field, content] : fields) text += field + ":" + content + "\n";
  if (!chain_->VerifyTrailer(text, value)) return Forged();
  trailer_verified_ = true;
  return {};
}

Status AwsChunkedDecoder::Finish() const {
  // The empty line after the last chunk may be missing where there is no trailer: the body's own end says as much.
  bool ended = state_ == State::kDone || (state_ == State::kTrailer && line_.empty());
  if (!last_chunk_ || !ended || decoded_ != announced_) return Malformed();
  if (signed_ && has_trailer_ && !trailer_verified_) return Malformed();
  return {};
}

}  // namespace aloft::api::s3
