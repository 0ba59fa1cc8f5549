#include "api/common/trace.h"

#include <gtest/gtest.h>

namespace aloft::api {
namespace {

const RequestId kId("0af76519-16cd-43dd-8448-eb211c80319c");

http::RequestHead With(std::string traceparent, std::string state = {}) {
  http::RequestHead head;
  if (!traceparent.empty()) head.headers.Add("traceparent", std::move(traceparent));
  if (!state.empty()) head.headers.Add("tracestate", std::move(state));
  return head;
}

// A caller's trace goes on under our span; its flags and state are kept.
TEST(Trace, GoesOn) {
  http::RequestHead head = With("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", "vendor=1");
  EXPECT_EQ(Traceparent(head, kId), "00-4bf92f3577b34da6a3ce929d0e0e4736-0af7651916cd43dd-00");
  EXPECT_EQ(TraceId(head, kId), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(Tracestate(head), "vendor=1");
  EXPECT_EQ(TraceId(With("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-new"), kId),
            "4bf92f3577b34da6a3ce929d0e0e4736");
}

// Without one, or with one that the specification calls invalid, the request begins its own: its id.
TEST(Trace, Begins) {
  for (const char* bad : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "junk",
                          "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                          "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"}) {
    http::RequestHead head = With(bad, "vendor=1");
    EXPECT_EQ(Traceparent(head, kId), "00-0af7651916cd43dd8448eb211c80319c-0af7651916cd43dd-01") << bad;
    EXPECT_EQ(Tracestate(head), "") << bad;
  }
}

}  // namespace
}  // namespace aloft::api
