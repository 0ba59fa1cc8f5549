// The "aws-chunked" encoding of upload bodies, with and without chunk signatures, with and without trailing headers:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
//
// Bytes come in pieces of any size; data is handed on as it is found, before its signature is known to be right: the
// caller must not make anything visible before Finish.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"
#include "foundation/base/result.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/http/message.h"

namespace aloft::api::s3 {

class AwsChunkedDecoder {
 public:
  // `claim` is of a streaming kind.
  AwsChunkedDecoder(const crypto::PayloadClaim& claim, std::uint64_t decoded_length);

  // kIncompleteBody for what is no such encoding or is longer than announced, crypto::kSignatureMismatch for a forged
  // chunk, and what `data` fails with.
  Status Feed(std::string_view bytes, const std::function<Status(ByteView)>& data);
  // After the last piece: kIncompleteBody where something is missing.
  Status Finish() const;
  // Names in lower case.
  const http::Headers& trailers() const { return trailers_; }

 private:
  enum class State { kSize, kData, kDataEnd, kTrailer, kDone };

  Status SizeLine(std::string_view line);
  Status TrailerLine(std::string_view line);
  Status EndChunk();

  bool signed_ = false;
  bool has_trailer_ = false;
  bool trailer_verified_ = false;
  std::optional<crypto::ChunkChain> chain_;
  std::optional<crypto::Hash> chunk_hash_;
  std::string chunk_signature_;
  std::uint64_t announced_ = 0;
  std::uint64_t decoded_ = 0;
  std::uint64_t left_in_chunk_ = 0;
  State state_ = State::kSize;
  bool last_chunk_ = false;
  std::string line_;
  std::size_t trailer_bytes_ = 0;
  http::Headers trailers_;
};

}  // namespace aloft::api::s3
