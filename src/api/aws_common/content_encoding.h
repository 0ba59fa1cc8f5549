// Undoes the Content-Encoding of request bodies: clients compress large ones of operations that allow it
// (PutMetricData).
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/http/message.h"

namespace aloft::api {

inline constexpr std::size_t kMaxInflatedBytes = 16u << 20;

// The plain body: `body` itself where it is not compressed, else `buffer`. Only gzip, once or in a list with names that
// are no compression ("custom, gzip"). Errors: shapes::kSerialization where it is damaged, kTooLarge beyond
// kMaxInflatedBytes.
Result<std::string_view> PlainBody(const http::RequestHead& head, std::string_view body, std::string& buffer);

}  // namespace aloft::api
