// Any bytes as an aws-chunked body, in pieces: accepted only at the announced length.
#include <cstdint>

#include "api/aws/s3_wire/aws_chunked.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using aloft::crypto::PayloadClaim;
  if (size < 3) return 0;
  PayloadClaim claim;
  claim.kind = data[0] % 2 == 0 ? PayloadClaim::Kind::kStreamingUnsignedTrailer : PayloadClaim::Kind::kStreamingSigned;
  std::uint64_t announced = data[1];
  std::size_t piece = 1 + data[2] % 16;
  std::string_view body(reinterpret_cast<const char*>(data) + 3, size - 3);
  aloft::api::s3::AwsChunkedDecoder decoder(claim, announced);
  std::uint64_t decoded = 0;
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    auto fed = decoder.Feed(body.substr(0, piece), [&](aloft::ByteView bytes) -> aloft::Status {
      decoded += bytes.size();
      return {};
    });
    ALOFT_CHECK(decoded <= announced);
    if (!fed.ok()) return 0;
  }
  ALOFT_CHECK(!decoder.Finish().ok() || decoded == announced);
  return 0;
}
