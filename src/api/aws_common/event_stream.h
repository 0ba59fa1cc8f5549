// AWS's event stream encoding: application/vnd.amazon.eventstream.
// https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html has the layout; big endian throughout:
// total length, length of headers, CRC-32 of these eight bytes, headers, payload, CRC-32 of everything before.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aloft::api {

// One message; header values are strings (type 7).
std::string EventStreamMessage(const std::vector<std::pair<std::string_view, std::string_view>>& headers,
                               std::string_view payload);

}  // namespace aloft::api
