#include "api/aws_common/event_stream.h"

#include <gtest/gtest.h>

#include "foundation/base/bytes.h"

namespace aloft::api {
namespace {

// The message as botocore's EventStreamBuffer reads it: lengths and both checksums, computed with Python's zlib.
TEST(EventStreamTest, OneMessage) {
  std::string message = EventStreamMessage({{":event-type", "PayloadPart"}}, "hi");
  EXPECT_EQ(HexEncode(AsBytes(message)),
            "0000002c0000001a9c71e4160b3a6576656e742d7479706507000b5061796c6f6164506172746869967c35f8");
  EXPECT_EQ(EventStreamMessage({}, "").size(), 16u);
}

}  // namespace
}  // namespace aloft::api
