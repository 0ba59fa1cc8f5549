#include "api/aws/s3_wire/range.h"

#include <algorithm>
#include <charconv>

#include "api/aws/s3_wire/errors.h"
#include "foundation/base/bytes.h"

namespace aloft::api::s3 {
namespace {

// A number that no object reaches is a number all the same: the largest stands for it.
std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return UINT64_MAX;
  if (error != std::errc()) return std::nullopt;
  return value;
}

Error Unsatisfiable() {
  return Fail(kInvalidRange, "The requested range is not satisfiable");
}

}  // namespace

Result<std::optional<ByteRange>> ParseRange(std::string_view header, std::uint64_t size) {
  std::optional<ByteRange> whole;
  header = Trim(header);
  if (!header.starts_with("bytes=")) return whole;
  header.remove_prefix(6);
  auto dash = header.find('-');
  if (dash == std::string_view::npos) return whole;
  std::string_view first_text = Trim(header.substr(0, dash));
  std::string_view last_text = Trim(header.substr(dash + 1));
  if (first_text.empty()) {
    auto suffix = Number(last_text);
    if (!suffix) return whole;
    if (*suffix == 0 || size == 0) return Unsatisfiable();
    std::uint64_t length = std::min(*suffix, size);
    return std::optional(ByteRange{size - length, length});
  }
  auto first = Number(first_text);
  auto last = last_text.empty() ? std::optional(UINT64_MAX) : Number(last_text);
  if (!first || !last || *last < *first) return whole;
  if (*first >= size) return Unsatisfiable();
  return std::optional(ByteRange{*first, std::min(*last, size - 1) - *first + 1});
}

Result<ByteRange> ParseCopyRange(std::string_view header) {
  auto fail = [] {
    return Fail(kInvalidArgument,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
                "zero-based offsets of the first and last bytes to copy");
  };
  if (!header.starts_with("bytes=")) return fail();
  header.remove_prefix(6);
  auto dash = header.find('-');
  if (dash == std::string_view::npos) return fail();
  auto first = Number(header.substr(0, dash));
  auto last = Number(header.substr(dash + 1));
  if (!first || !last || *last < *first || *last == UINT64_MAX) return fail();
  return ByteRange{*first, *last - *first + 1};
}

}  // namespace aloft::api::s3
