// The Range header: one range of bytes, or the whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "foundation/base/result.h"

namespace aloft::api::s3 {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Absent where the header asks for nothing this API serves in part (another unit, several ranges, bad syntax): the
// whole is sent then, as RFC 9110 allows. kInvalidRange where no byte of an object of `size` lies in it.
Result<std::optional<ByteRange>> ParseRange(std::string_view header, std::uint64_t size);

// x-amz-copy-source-range: exactly "bytes=first-last"; kInvalidArgument otherwise.
Result<ByteRange> ParseCopyRange(std::string_view header);

}  // namespace aloft::api::s3
