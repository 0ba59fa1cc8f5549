// W3C trace context of a call (https://www.w3.org/TR/trace-context/): the caller's trace goes on, or one begins here.
//
// A pure function of the request: its trace is the caller's, else the request's id; its span is the request's id, too.
// So the log, the answer and the worker say the same without anything being carried along.
#pragma once

#include <string>
#include <string_view>

#include "api/common/operation.h"

namespace aloft::api {

// "00-<trace>-<span>-<flags>", with this server's span: what is passed on. A header that is no traceparent counts as
// none.
std::string Traceparent(const http::RequestHead& head, const RequestId& request_id);
// The 32 digits of the trace.
std::string TraceId(const http::RequestHead& head, const RequestId& request_id);
// Passed on as it is where the caller's traceparent is valid; at most 512 bytes, else empty.
std::string_view Tracestate(const http::RequestHead& head);

}  // namespace aloft::api
